"""One learner in the programme, from the first module to the horizon and after."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, inf
from typing import Protocol

import numpy as np

from features.domain.history import Event, Evidence, Interaction, Learner, LearnerHistory
from training.simulation.entrants import Entrant
from training.simulation.minds import Mind
from training.simulation.offer import Lesson, Offer
from training.simulation.parameters import Programme, Staying
from training.simulation.questions import Question
from training.simulation.sitting import Sitting

DAYS_PER_WEEK = 7.0
# Within one standard error of an assessment a level cannot be told from the target.
COMPETENT_WITHIN = 0.1
TOLERANCE = 1e-9
ANSWERS = 4  # stream of a learner's randomness, beside the passage


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A learner who asks for the next module.

    Attributes
    ----------
    history
        Everything the learning system knows of the learner.
    barred
        Rows of modules that cannot be tried again.
    now
        Aware UTC.
    """

    history: LearnerHistory
    barred: frozenset[int]
    now: datetime


class Chooser(Protocol):
    """Who or what says which module comes next."""

    def choose(self, asking: Asking) -> int | None:
        """Return the row of the next module, None where there is nothing to offer."""


class ChooserForAll(Protocol):
    """What says so to many learners at once."""

    def choose_all(
        self, askings: Sequence[Asking], rngs: Sequence[np.random.Generator]
    ) -> Sequence[int | None]:
        """Return rows of next modules; the learners are all different, and so is their `rng`."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is the same for everyone: the offer, the time, the hazard, and the first day."""

    offer: Offer
    programme: Programme
    staying: Staying
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one learner; weeks from the beginning, inf where it never was so.

    Attributes
    ----------
    competent_week
        First instant at which every skill the role requires is truly at its target, or within
        `COMPETENT_WITHIN` of it.
    completed_week
        The earlier of that and of the last module of the role's curriculum being done.
    left_week
        When the learner gave the programme up; never after completing it.
    minutes
        Spent until completion, leaving, or the horizon.
    retained, followed_up
        At the horizon, and `follow_up_weeks` of no learning later: mean over the required skills
        of the true level as a share of the target, at most 1.
    n_modules
        Taken to their end, within `minutes`.
    """

    competent_week: float
    completed_week: float
    left_week: float
    minutes: float
    retained: float
    followed_up: float
    n_modules: int


class Passage:
    """One learner's way through the programme.

    Parameters
    ----------
    entrant, mind
        Who, and what they truly can do.
    rules
        Of the programme.
    sit
        Opens a pre-assessment, which comes before the first module; None: there is none.
    """

    def __init__(
        self,
        entrant: Entrant,
        mind: Mind,
        rules: Rules,
        sit: Callable[[LearnerHistory, datetime], Sitting] | None = None,
    ) -> None:
        self._entrant, self._mind, self._rules, self._sit = entrant, mind, rules, sit
        self._learner = Learner(learner_id=entrant.learner_id, role_id=entrant.role_id)
        self._rng = np.random.default_rng(entrant.seed)
        self._targets = rules.offer.targets[entrant.role_id]
        self._curriculum = frozenset(rules.offer.curricula[entrant.role_id])
        self._done: set[int] = set()
        self._n_failed: dict[int, int] = {}
        self._barred: frozenset[int] = frozenset()
        self.events: list[Interaction] = []
        self._evidence: tuple[Evidence, ...] = ()
        self._week = 0.0
        self._n_modules = self._n_modules_taken = 0
        self._minutes_spent = 0.0
        self._completed_week = self._competent_week = self._left_week = inf

    def run(self, chooser: Chooser) -> Outcome:
        """Go all the way, with one chooser."""
        steps = self.steps()
        asking = next(steps, None)
        while asking is not None:
            row = chooser.choose(asking)
            asking = _send(steps, row)
        return self.outcome()

    def steps(self) -> Generator[Asking, int | None]:
        """Learn until completion, leaving or the horizon; then keep up what was learned.

        Yields
        ------
        Asking
            Whenever the learner is to be told a module; its row is to be sent, or None.
        """
        programme = self._rules.programme
        self._note_progress()
        if self._sit is not None and self._is_under_way():
            self._be_assessed(self._sit(self._history(), self._now()))
        while self._is_under_way():
            self._take((yield self._asking()))
        self._minutes_spent = min(self._week, programme.n_weeks) * self._entrant.weekly_minutes
        self._n_modules_taken = self._n_modules
        if self._completed_week == inf:
            return
        # Completed: look in once in a while, without hazard.
        self._week += programme.upkeep_weeks
        while self._week <= programme.n_weeks:
            row = yield self._asking()
            if row is None:
                break
            self._study(row, self._rules.offer.lessons[row])
            self._week += programme.upkeep_weeks

    def outcome(self) -> Outcome:
        """Return what became of the learner, after all steps."""
        programme = self._rules.programme
        ends = programme.n_weeks + programme.follow_up_weeks
        return Outcome(
            competent_week=self._competent_week,
            completed_week=self._completed_week,
            left_week=self._left_week,
            minutes=self._minutes_spent,
            retained=self._share_held(programme.n_weeks * DAYS_PER_WEEK),
            followed_up=self._share_held(ends * DAYS_PER_WEEK),
            n_modules=self._n_modules_taken,
        )

    def _is_under_way(self) -> bool:
        is_over = self._completed_week < inf or self._left_week < inf
        return not is_over and self._week < self._rules.programme.n_weeks

    def _take(self, row: int | None) -> None:
        """Take the next module, unless the learner leaves before its end."""
        lesson = None if row is None else self._rules.offer.lessons[row]
        lasts = 1.0 if lesson is None else self._minutes(lesson) / self._entrant.weekly_minutes
        stays = self._rng.exponential(1.0 / self._hazard(lesson))
        ends = self._week + min(lasts, stays)
        if ends > self._rules.programme.n_weeks:
            self._week = self._rules.programme.n_weeks
        elif stays < lasts:
            self._week = self._left_week = ends
            if row is not None:
                self._tell(row, Event.STARTED, None)
        else:
            self._week = ends
            if row is not None and lesson is not None:
                self._study(row, lesson)
                self._n_modules += 1
                self._note_progress()

    def _be_assessed(self, sitting: Sitting) -> None:
        """Answer questions, unless the learner leaves before the last.

        Nobody is bored or lost in that time. What is waived is no part of the curriculum done.
        """
        rng = np.random.default_rng([self._entrant.seed, ANSWERS])
        leaves = self._week + rng.exponential(1.0 / self._hazard(None))
        while (question := sitting.question) is not None:
            ends = self._week + self._minutes(question) / self._entrant.weekly_minutes
            if ends > leaves:
                self._week = self._left_week = leaves
                return
            self._week = ends
            p_right = self._mind.p_right(question, ends * DAYS_PER_WEEK)
            sitting.answer(is_right=rng.random() < p_right, now=self._now())
        self._evidence = tuple(sitting.evidence)
        self.events.extend(sitting.waivers)

    def _asking(self) -> Asking:
        return Asking(history=self._history(), barred=self._barred, now=self._now())

    def _history(self) -> LearnerHistory:
        return LearnerHistory(
            learner=self._learner, interactions=tuple(self.events), evidence=self._evidence
        )

    def _study(self, row: int, lesson: Lesson) -> None:
        """Be judged where the module is graded, by what was known before it, and learn from it.

        The order is that of knowledge tracing: a response shows the state before the opportunity.
        """
        day = self._week * DAYS_PER_WEEK
        p_success = self._mind.p_success(lesson, day)
        self._mind.study(lesson, day)
        if not lesson.graded:
            self._tell(row, Event.COMPLETED, None)
            self._done.add(row)
        elif self._rng.random() < p_success:
            above = self._rng.beta(1.6, 1.6)
            self._tell(row, Event.PASSED, lesson.pass_mark + (1.0 - lesson.pass_mark) * above)
            self._done.add(row)
        else:
            self._tell(row, Event.FAILED, lesson.pass_mark * self._rng.uniform(0.35, 0.98))
            self._n_failed[row] = self._n_failed.get(row, 0) + 1
            if self._n_failed[row] >= self._rules.programme.most_attempts:
                self._barred |= {row}

    def _note_progress(self) -> None:
        day = self._week * DAYS_PER_WEEK
        enough = COMPETENT_WITHIN + TOLERANCE
        if all(self._mind.level(skill, day) >= asked - enough for skill, asked in self._targets):
            self._competent_week = self._week
        if self._competent_week < inf or self._curriculum <= self._done:
            self._completed_week = self._week

    def _hazard(self, lesson: Lesson | None) -> float:
        staying, bored, lost, liking = self._rules.staying, 0.0, 0.0, 0.0
        if lesson is not None:
            bored, lost = self._mind.strain(lesson, self._week * DAYS_PER_WEEK)
            liking = self._entrant.liking[lesson.format]
        settling = staying.settling if self._week < staying.settling_weeks else 1.0
        strain = staying.bored * bored + staying.lost * lost - staying.liked * liking
        return staying.weekly * settling * exp(strain)

    def _minutes(self, taken: Lesson | Question) -> float:
        return taken.minutes * self._entrant.pace

    def _share_held(self, day: float) -> float:
        held = [min(self._mind.level(skill, day) / asked, 1.0) for skill, asked in self._targets]
        return sum(held) / len(held)

    def _now(self) -> datetime:
        return self._rules.starts_at + timedelta(days=self._week * DAYS_PER_WEEK)

    def _tell(self, row: int, event: Event, score: float | None) -> None:
        self.events.append(
            Interaction(
                event_id=f"{self._entrant.learner_id}-{len(self.events)}",
                learner_id=self._entrant.learner_id,
                module_id=self._rules.offer.index.module_ids.ids[row],
                event=event,
                at=self._now(),
                score=score,
            )
        )


def run_together(
    passages: Sequence[Passage], chooser: ChooserForAll, rngs: Sequence[np.random.Generator]
) -> list[Outcome]:
    """Let learners pass through the programme side by side: choosing for many at once is cheaper.

    Parameters
    ----------
    passages
        Of different learners; none hears of another.
    chooser
        The policy.
    rngs
        Its source of randomness for each learner.
    """
    steps = [passage.steps() for passage in passages]
    askings = {k: each for k, each in enumerate(map(_first, steps)) if each is not None}
    while askings:
        rows = chooser.choose_all(list(askings.values()), [rngs[k] for k in askings])
        answered = zip(askings, rows, strict=True)
        askings = {k: asking for k, row in answered if (asking := _send(steps[k], row)) is not None}
    return [passage.outcome() for passage in passages]


def _first(steps: Generator[Asking, int | None]) -> Asking | None:
    return next(steps, None)


def _send(steps: Generator[Asking, int | None], row: int | None) -> Asking | None:
    """Return what is asked next, None at the end."""
    try:
        return steps.send(row)
    except StopIteration:
        return None
