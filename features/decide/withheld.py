"""The best locked modules, and what would open them."""

import numpy as np

from features.decide.best import foremost
from features.decide.case import Case
from features.decide.eligibility import Bar
from features.decide.terms import Terms
from features.domain.catalogue import PathwayStep
from features.domain.instants import from_microseconds
from features.domain.recommendation import Withheld

MOST_WITHHELD = 3
LOCKS = (Bar.PREREQUISITE, Bar.SKILL, Bar.NOT_YET_ACTIVE, Bar.STEP)
_IS_LOCK = np.array([bar in LOCKS for bar in Bar])


def best_withheld(case: Case, terms: Terms) -> tuple[Withheld, ...]:
    """Return up to `MOST_WITHHELD` locked modules in the order they would rank if open."""
    locked = _IS_LOCK[case.eligibility.bar].nonzero()[0]
    best = foremost(locked, terms.score[locked], MOST_WITHHELD)
    return tuple(_withheld(case, row) for row in best.tolist())


def unlocked_by(case: Case, row: int) -> tuple[str, ...]:
    """Return the ids of locked modules that open once the module at `row` is done.

    A module opens when nothing but this one was missing: hard prerequisites on modules are met
    with it, and those on skills are met already.
    """
    links = case.index.module_links.hard
    follows = np.unique(links.module[links.requires == row])
    locked = follows[case.eligibility.bar[follows] == Bar.PREREQUISITE]
    return tuple(
        case.index.module_ids.ids[module]
        for module in locked.tolist()
        if _missing_modules(case, module) == [row] and not _missing_skills(case, module)
    )


def _withheld(case: Case, row: int) -> Withheld:
    module_id = case.index.module_ids.ids[row]
    bar = Bar(int(case.eligibility.bar[row]))
    if bar is Bar.NOT_YET_ACTIVE:
        opens = from_microseconds(int(case.index.active_from_seconds[row] * 1e6))
        text = f"It opens on {opens:%Y-%m-%d}."
        return Withheld(module_id=module_id, code="not_yet_active", text=text, needs=())
    if bar is Bar.STEP:
        return _behind_a_step(case, row)
    modules = _missing_prerequisites(case, row)
    skills = _missing_skills(case, row)
    parts = [f"{_title(case, needed)} to be done first" for needed in modules]
    parts += [f"{case.index.skill_names[skill]} at {level:.2f}" for skill, level in skills]
    needs = (*modules, *(case.index.skill_ids.ids[skill] for skill, _ in skills))
    code = "prerequisite" if modules else "skill_prerequisite"
    text = f"It asks for {' and '.join(parts)}."
    return Withheld(module_id=module_id, code=code, text=text, needs=needs)


def _behind_a_step(case: Case, row: int) -> Withheld:
    """Say which steps come first, and which condition is not met yet."""
    standing, step = next(
        (standing, step)
        for standing in case.journey.pathways
        for step in standing.steps
        if row in step.index.modules
    )
    needed = [standing.steps[place].index.step for place in step.needs]
    parts = [f"{_any_title(case, before)} to be done first" for before in needed]
    if not step.condition_holds:
        parts.append(f"that {step.index.step.when}")
    return Withheld(
        module_id=case.index.module_ids.ids[row],
        code="pathway_step",
        text=f"In {standing.index.pathway.title} it asks for {' and '.join(parts)}.",
        needs=tuple(module_id for before in needed for module_id in before.any_of),
    )


def _any_title(case: Case, step: PathwayStep) -> str:
    return " or ".join(_title(case, module_id) for module_id in step.any_of)


def _missing_modules(case: Case, row: int) -> list[int]:
    """Return the positions of unmet hard prerequisites; −1 stands for ones not in the catalogue."""
    links = case.index.module_links.hard
    return [
        needed
        for needed in links.requires[links.module == row].tolist()
        if needed < 0 or not case.arrays.done[needed]
    ]


def _missing_prerequisites(case: Case, row: int) -> list[str]:
    return [
        link.requires_module_id
        for link in case.index.modules[row].prerequisites
        if link.requires_module_id and link.is_hard and not _is_done(case, link.requires_module_id)
    ]


def _is_done(case: Case, module_id: str) -> bool:
    row = case.index.module_ids.index_of.get(module_id)
    return row is not None and bool(case.arrays.done[row])


def _missing_skills(case: Case, row: int) -> list[tuple[int, float]]:
    links = case.index.skill_links.hard
    own = links.module == row
    return [
        (skill, level)
        for skill, level in zip(
            links.skill[own].tolist(), links.min_mastery[own].tolist(), strict=True
        )
        if case.scores.standing.mastery[skill] < level
    ]


def _title(case: Case, module_id: str) -> str:
    row = case.index.module_ids.index_of.get(module_id)
    return module_id if row is None else case.index.modules[row].title
