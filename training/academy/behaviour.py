"""Eighteen months of learning, simulated week by week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.academy.choice import Rows, State, initial_state, pressure, utilities
from training.academy.crowd import N_WEEKS, Crowd
from training.academy.episodes import UNJUDGED, Episodes
from training.academy.model import SECONDS_PER_DAY, Floats, LearnerModel
from training.academy.timing import draw_spans, to_working_time
from training.academy.world import World

SECONDS_PER_WEEK = 7 * SECONDS_PER_DAY
WEEKS_BETWEEN_CHECKPOINTS = 13

_MOST_A_WEEK = 4
_RATE_OF_PRESSURE = 0.45  # further modules a week for each one that falls due
_QUESTIONS_ASKED = 7
_ROLE_QUESTIONS = 6.0  # pull of a question about the role, in units of Gumbel noise
_PAUSE_SECONDS, _QUESTION_PAUSE_SECONDS = 1_800.0, 5.0
_SHARE_OF_PASS_MARK = (0.35, 0.98)  # scores of failures, as shares of the pass mark


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What happened, and where it left everyone.

    Attributes
    ----------
    episodes
        All goes at modules and questions.
    state
        Of the learners at the end.
    checkpoint_seconds
        float64, (n_checkpoints,), Unix seconds; the last is the end.
    checkpoint_level
        float64, (n_checkpoints, n_learners, n_skills): true levels then.
    """

    episodes: Episodes
    state: State
    checkpoint_seconds: Floats
    checkpoint_level: Floats


class _Run:
    """One simulation in progress."""

    def __init__(
        self,
        world: World,
        crowd: Crowd,
        model: LearnerModel,
        end_seconds: float,
        rng: np.random.Generator,
    ) -> None:
        self.world, self.crowd, self.model, self.rng = world, crowd, model, rng
        self.end_seconds = end_seconds
        self.state = initial_state(crowd, world)
        self.parts: list[Episodes] = []

    def play_week(self, week: int) -> None:
        """Let everyone learn for a week, then forget a little."""
        begins = self.end_seconds - (N_WEEKS - week) * SECONDS_PER_WEEK
        self.ask_questions(np.flatnonzero(self.crowd.asked_in_week == week), begins)
        counts = self.draw_counts(week, begins)
        for turn in range(int(counts.max(initial=0))):
            goers = np.flatnonzero(counts > turn)
            share = (turn + self.rng.random(len(goers))) / counts[goers]
            wished = begins + share * SECONDS_PER_WEEK
            at = np.maximum(to_working_time(wished, self.rng), self.state.free_at[goers])
            present = at < min(begins + 1.5 * SECONDS_PER_WEEK, self.end_seconds)
            self.take_turn(goers[present], at[present])
        state = self.state
        state.level = self.model.remaining(state.level, state.floor, state.n_practices, 7.0)

    def draw_counts(self, week: int, begins: float) -> Rows:
        """Return how many modules each learner means to take; due dates raise it."""
        rate = self.crowd.weekly_rate[:, week]
        at_work = np.flatnonzero(rate > 0)
        at = np.full(len(at_work), begins)
        pressed = pressure(self.crowd, self.state, at_work, at).sum(axis=1)
        expected = np.zeros(len(rate))
        expected[at_work] = rate[at_work] + _RATE_OF_PRESSURE * pressed
        counts: Rows = np.minimum(self.rng.poisson(expected), _MOST_A_WEEK).astype(np.int64)
        return counts

    def take_turn(self, goers: Rows, at: Floats) -> None:
        """Let each learner choose a module, take it and learn from it."""
        drawn = utilities(self.world, self.crowd, self.state, self.model, goers, at)
        chosen = np.argmax(drawn + self.rng.gumbel(size=drawn.shape), axis=1)
        any_open = np.isfinite(drawn[np.arange(len(goers)), chosen])
        goers, chosen, at = goers[any_open], chosen[any_open], at[any_open]
        episodes = self.resolve(goers, chosen, at, p_drop=self.p_dropout(goers, chosen))
        self.learn(episodes)
        self.state.last_module[goers] = chosen

    def ask_questions(self, asked: Rows, begins: float) -> None:
        """Ask each of these learners some questions, mostly about their role."""
        world, state = self.world, self.state
        questions = np.arange(world.n_content, len(world.module_ids))
        shares = world.truth.modules_by_skills[questions].T
        interest = _ROLE_QUESTIONS * self.crowd.weight[asked] @ shares
        at = np.maximum(
            to_working_time(np.full(len(asked), begins), self.rng), state.free_at[asked]
        )
        for _ in range(_QUESTIONS_ASKED):
            closed = state.n_attempts[np.ix_(asked, questions)] > 0
            closed |= ~self.crowd.may_take[np.ix_(asked, questions)]
            drawn = np.where(closed, -np.inf, interest + self.rng.gumbel(size=interest.shape))
            able = np.isfinite(drawn.max(axis=1))
            chosen = questions[np.argmax(drawn, axis=1)]
            now = able & (at < self.end_seconds)
            never = np.zeros(int(now.sum()))
            self.learn(self.resolve(asked[now], chosen[now], at[now], p_drop=never))
            at = np.maximum(at, state.free_at[asked])

    def p_dropout(self, goers: Rows, chosen: Rows) -> Floats:
        """Return each learner's probability of giving up the module."""
        world = self.world
        return self.model.p_dropout(
            self.p_success(goers, chosen),
            world.minutes[chosen],
            self.crowd.format_liking[goers, world.format[chosen]],
        )

    def p_success(self, goers: Rows, chosen: Rows) -> Floats:
        """Return each learner's true probability of success."""
        truth = self.world.truth
        level = (self.state.level[goers] * truth.modules_by_skills[chosen]).sum(axis=1)
        return self.model.p_success(level, truth.difficulty[chosen])

    def resolve(self, goers: Rows, chosen: Rows, at: Floats, *, p_drop: Floats) -> Episodes:
        """Draw how it goes: given up or not, success, score and times."""
        world, state, rng = self.world, self.state, self.rng
        p_success = self.p_success(goers, chosen)
        dropped = rng.random(len(goers)) < p_drop
        wins = rng.random(len(goers)) < p_success
        judged = world.is_graded[chosen] & ~dropped
        span = draw_spans(
            world.format[chosen], world.minutes[chosen] * self.crowd.pace[goers], dropped, rng
        )
        state.n_attempts[goers, chosen] += 1
        begun = np.floor(at).astype(np.int64)
        started = begun + span.lead_seconds
        return Episodes(
            learner=goers,
            module=chosen,
            begun_at=begun,
            started_at=started,
            ended_at=started + span.elapsed_seconds,
            effort_seconds=span.effort_seconds,
            p_success=p_success,
            success=np.where(judged, wins, UNJUDGED).astype(np.int8),
            score=self.draw_scores(chosen, judged, wins),
            attempt=state.n_attempts[goers, chosen],
            dropped=dropped,
            delight=self.delight(goers, chosen),
            level=state.level[goers].astype(np.float32),
        )

    def delight(self, goers: Rows, chosen: Rows) -> Floats:
        """Return how well the learners like their modules; questions leave them cold."""
        n_content = self.world.n_content
        liking = self.crowd.liking[goers, np.minimum(chosen, n_content - 1)]
        return np.where(chosen < n_content, liking, 0.0)

    def draw_scores(
        self, chosen: Rows, judged: NDArray[np.bool_], wins: NDArray[np.bool_]
    ) -> Floats:
        """Return scores in hundredths, on the right side of the pass mark; NaN where unscored."""
        mark, rng = self.world.pass_mark[chosen], self.rng
        passed = mark + (1.0 - mark) * rng.beta(1.6, 1.6, len(chosen))
        failed = mark * rng.uniform(*_SHARE_OF_PASS_MARK, len(chosen))
        hundredths = np.where(wins, np.ceil(passed * 100.0), np.floor(failed * 100.0))
        scored = judged & (chosen < self.world.n_content)
        return np.where(scored, np.minimum(hundredths, 100.0) / 100.0, np.nan)

    def learn(self, episodes: Episodes) -> None:
        """Apply what the episodes that ended in time did to levels and records."""
        state, model, world = self.state, self.model, self.world
        learner, module = episodes.learner, episodes.module
        ended = episodes.ended_at <= self.end_seconds
        failed = episodes.success == 0
        share = np.where(failed, model.gain_if_failed, 1.0)
        share = np.where(episodes.dropped, model.gain_if_dropped, share) * ended
        gain = world.truth.gain[module] * self.crowd.learning_rate[learner][:, None]
        rise = model.learned(state.level[learner], gain, episodes.p_success, share)
        state.level[learner] += rise
        state.floor[learner] += model.retained_share * rise
        state.peak[learner] = np.maximum(state.peak[learner], state.level[learner])
        through = ended & ~episodes.dropped
        practised = (world.truth.modules_by_skills[module] > 0) & through[:, None]
        state.n_practices[learner] += practised
        state.done[learner, module] |= through & ~failed
        state.failed[learner, module] |= through & failed
        state.dropped[learner, module] |= ended & episodes.dropped
        pause = np.where(module < world.n_content, _PAUSE_SECONDS, _QUESTION_PAUSE_SECONDS)
        state.free_at[learner] = episodes.ended_at + pause
        self.parts.append(episodes)


def simulate(
    world: World,
    crowd: Crowd,
    model: LearnerModel,
    end_seconds: float,
    rng: np.random.Generator,
) -> Simulation:
    """Let the crowd learn for `N_WEEKS` weeks up to `end_seconds` (Unix seconds)."""
    run = _Run(world, crowd, model, end_seconds, rng)
    weeks, levels = [], []
    for week in range(N_WEEKS):
        run.play_week(week)
        if (week + 1) % WEEKS_BETWEEN_CHECKPOINTS == 0:
            weeks.append(week + 1)
            levels.append(run.state.level.copy())
    return Simulation(
        episodes=Episodes.joined(run.parts),
        state=run.state,
        checkpoint_seconds=end_seconds - (N_WEEKS - np.array(weeks)) * SECONDS_PER_WEEK,
        checkpoint_level=np.stack(levels),
    )
