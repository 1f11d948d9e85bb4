"""Who must take what by when."""

from datetime import datetime, timedelta

import numpy as np

from features.domain.catalogue import Catalogue, Module
from features.domain.history import Assignment, Learner
from training.academy.catalogue import COMPULSORY
from training.academy.people import Staff, Standing
from training.academy.texts import ENGLISH

# Every learner has a yearly round of compulsory modules, counted from the day of hiring; modules
# fall due some weeks apart. Rounds shown end between 320 days ago and 45 days ahead.
_WEEKS_APART = 5
_LATEST_DUE_DAYS = 45
_DAYS_A_YEAR = 365
_DAYS_FOR_RECENT = 30
# The last round before lapsed experts went away.
_ROUND_OF_LAPSED = -440
_SHARE_PERSONAL = 0.08
_PERSONAL_DUE_DAYS = (-20, 60)


def draw_assignments(
    catalogue: Catalogue, staff: Staff, now: datetime, rng: np.random.Generator
) -> tuple[Assignment, ...]:
    """Return compulsory modules for everyone concerned, and some agreed in reviews.

    Newcomers owe nothing yet: their first assignments come in their second week.
    """
    evening = now.replace(hour=18, minute=0, second=0, microsecond=0)
    by_id = {module.module_id: module for module in catalogue.modules}
    requirements = {role.role_id: role.requirements for role in catalogue.roles}
    assignments = []
    for learner, standing in zip(staff.learners, staff.standing, strict=True):
        if standing == Standing.NEWCOMER:
            continue
        owed = _compulsory(learner, Standing(standing), by_id, evening)
        assignments += owed
        if rng.random() < _SHARE_PERSONAL and standing != Standing.LAPSED_EXPERT:
            wanted = {each.skill_id for each in requirements[str(learner.role_id)]}
            offers = _fitting(learner, wanted, catalogue.modules, {a.module_id for a in owed})
            due_at = evening + timedelta(days=int(rng.integers(*_PERSONAL_DUE_DAYS)))
            assignments += _personal(learner, offers, due_at, rng)
    return tuple(assignments)


def _compulsory(
    learner: Learner, standing: Standing, by_id: dict[str, Module], evening: datetime
) -> list[Assignment]:
    assignments = []
    for place, (origin_id, departments) in enumerate(COMPULSORY.items()):
        module_id = _in_language_of(learner, origin_id)
        concerned = not departments or learner.department in departments
        if concerned and module_id in by_id and _covers(by_id[module_id], learner):
            assignments.append(
                Assignment(
                    learner_id=learner.learner_id,
                    module_id=module_id,
                    due_at=_due_at(learner, standing, place, evening),
                    reason="Compulsory for all"
                    if not departments
                    else "Compulsory in this department",
                )
            )
    return assignments


def _in_language_of(learner: Learner, origin_id: str) -> str:
    foreign = learner.language not in (None, ENGLISH)
    return f"{origin_id}-{learner.language}" if foreign else origin_id


def _covers(module: Module, learner: Learner) -> bool:
    return learner.needs <= module.accessibility


def _due_at(learner: Learner, standing: Standing, place: int, evening: datetime) -> datetime:
    """Return the end of the learner's round; recent hires have thirty days for their first."""
    if standing == Standing.LAPSED_EXPERT or learner.hired_at is None:
        return evening + timedelta(days=_ROUND_OF_LAPSED)
    tenure_days = (evening - learner.hired_at).days
    ahead = (
        7 * _WEEKS_APART * place - tenure_days + _DAYS_A_YEAR - _LATEST_DUE_DAYS
    ) % _DAYS_A_YEAR
    round_ends = evening + timedelta(days=ahead - _DAYS_A_YEAR + _LATEST_DUE_DAYS)
    settled_at = learner.hired_at.replace(hour=18) + timedelta(days=_DAYS_FOR_RECENT)
    return max(round_ends, settled_at)


def _fitting(
    learner: Learner, wanted: set[str], modules: tuple[Module, ...], taken: set[str]
) -> list[str]:
    """Return modules of the role's skills that the learner could take at once."""
    return [
        module.module_id
        for module in modules
        if module.kind == "content"
        and module.module_id not in taken
        and not module.mandatory
        and module.skills[0].skill_id in wanted
        and module.language == (learner.language or ENGLISH)
        and _covers(module, learner)
        and module.active_until is None
        and module.active_from is None
        and not any(each.is_hard for each in module.prerequisites)
    ]


def _personal(
    learner: Learner, offers: list[str], due_at: datetime, rng: np.random.Generator
) -> list[Assignment]:
    if not offers:
        return []
    return [
        Assignment(
            learner_id=learner.learner_id,
            module_id=str(rng.choice(offers)),
            due_at=due_at,
            reason="Agreed in the yearly review",
        )
    ]
