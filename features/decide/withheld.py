"""The best locked modules, and what would open them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from features.decide.best import foremost
from features.decide.case import Case
from features.decide.eligibility import Bar
from features.decide.journey import PathwayStanding, StepStanding, StepState
from features.decide.supposing import (
    Supposition,
    holds_back,
    is_barred_for_good,
    missing_modules,
    missing_skills,
    suppose,
)
from features.decide.terms import Terms
from features.domain.catalogue import PathwayStep
from features.domain.instants import from_seconds
from features.domain.recommendation import Withheld

MOST_WITHHELD = 3
MOST_TRIED = 12
CODES = {
    Bar.NOT_YET_ACTIVE: "not_yet_active",
    Bar.STEP: "pathway_step",
    Bar.PREREQUISITE: "prerequisite",
    Bar.SKILL: "skill_prerequisite",
}


@dataclass(frozen=True, kw_only=True)
class _Lock:
    """All that keeps a module from a learner: a date, a step, modules, and levels by skill."""

    row: int
    opens_at: datetime | None
    standing: PathwayStanding | None
    step: StepStanding | None
    modules: tuple[str, ...]
    skills: dict[int, float]

    @property
    def steps(self) -> tuple[PathwayStep, ...]:
        """The steps that come first."""
        if self.standing is None or self.step is None:
            return ()
        return tuple(self.standing.steps[place].index.step for place in self.step.needs)

    @property
    def when(self) -> str | None:
        """The condition of the step, where it does not hold."""
        if self.step is None or self.step.condition_holds:
            return None
        return self.step.index.step.when

    @cached_property
    def module_ids(self) -> tuple[str, ...]:
        """Every module that helps to open it."""
        of_steps = tuple(module_id for step in self.steps for module_id in step.any_of)
        return tuple(dict.fromkeys((*of_steps, *self.modules)))


def best_withheld(case: Case, terms: Terms) -> tuple[Withheld, ...]:
    """Return up to `MOST_WITHHELD` locked modules in the order they would rank if open.

    Modules that would not open though all that is asked for were done are left out, and so are
    those done before.
    """
    bar = case.eligibility.bar
    is_locked = bar >= int(Bar.NOT_YET_ACTIVE)
    is_locked &= bar != int(Bar.RULE)
    is_locked &= ~case.arrays.done
    locked = is_locked.nonzero()[0]
    best = foremost(locked, terms.score[locked], MOST_TRIED)
    found: list[Withheld] = []
    for row in best.tolist():
        lock = _lock(case, row)
        if _opens(case, lock):
            found.append(_withheld(case, lock))
        if len(found) == MOST_WITHHELD:
            break
    return tuple(found)


def _lock(case: Case, row: int) -> _Lock:
    opens = case.index.active_from_seconds[row]
    standing, step = _step(case, row)
    return _Lock(
        row=row,
        opens_at=from_seconds(float(opens)) if opens > case.request.now.timestamp() else None,
        standing=standing,
        step=step,
        modules=tuple(missing_modules(case, row)),
        skills=missing_skills(case, row, {}),
    )


def _step(case: Case, row: int) -> tuple[PathwayStanding | None, StepStanding | None]:
    """Return the step that holds the module back; the one with the fewest before it.

    One whose condition holds comes first.
    """
    if row not in case.eligibility.held_back:
        return None, None
    holding = [
        (standing, step)
        for standing in case.journey.pathways
        for step in standing.steps
        if step.state is StepState.LOCKED and row in step.index.modules
    ]
    return min(holding, key=lambda found: (not found[1].condition_holds, len(found[1].needs)))


def _opens(case: Case, lock: _Lock) -> bool:
    """Tell whether all that is asked for opens the module, its date and condition granted."""
    if case.index.module_ids.ids[lock.row] in lock.module_ids:
        return False
    then = suppose(case, lock.module_ids, lock.skills)
    if is_barred_for_good(case, then, lock.row) or missing_skills(case, lock.row, then.raised):
        return False
    return not holds_back(case, then, lock.row) or _waits_for_condition(then, lock)


def _waits_for_condition(then: Supposition, lock: _Lock) -> bool:
    """Tell whether nothing but the condition of its step would be left."""
    return lock.when is not None and any(
        not each.needs
        for standing in then.journey.pathways
        for each in standing.steps
        if lock.step is not None and each.index is lock.step.index
    )


def _withheld(case: Case, lock: _Lock) -> Withheld:
    skills = tuple(case.index.skill_ids.ids[skill] for skill in lock.skills)
    return Withheld(
        module_id=case.index.module_ids.ids[lock.row],
        code=CODES[Bar(int(case.eligibility.bar[lock.row]))],
        text=_words(case, lock),
        needs=(*lock.module_ids, *skills),
        when=lock.when,
        opens_at=lock.opens_at,
    )


def _words(case: Case, lock: _Lock) -> str:
    language = case.language
    parts = [case.any_title_of(before) for before in lock.steps]
    parts += [case.title_of(needed) for needed in lock.modules]
    needs = [language.say("need_module", {"module": title}) for title in parts]
    needs += [
        language.say("need_skill", {"skill": case.index.skill_names[skill], "level": level})
        for skill, level in lock.skills.items()
    ]
    needs += [language.say("need_condition", {"condition": lock.when})] if lock.when else []
    sentences = []
    if lock.opens_at is not None:
        sentences.append(language.say("opens_on", {"opens": lock.opens_at}))
    if needs:
        facts = {"needs": language.all_of(needs)}
        if lock.standing is not None:
            facts["pathway"] = lock.standing.index.pathway.title
        sentences.append(
            language.say("locked_on_pathway" if "pathway" in facts else "locked", facts)
        )
    return " ".join(sentences)
