"""The learners as arrays: what they can do, want, like and owe when the simulation begins."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Pathway
from features.domain.history import Learner
from features.encode.ids import IdMap
from training.academy.company import Company
from training.academy.model import SECONDS_PER_DAY, Floats, LearnerModel
from training.academy.module_truth import N_TOPICS
from training.academy.people import HEAD_ROLE, LEADER_ROLE, WINDOW_DAYS, Standing
from training.academy.world import World

N_WEEKS = WINDOW_DAYS // 7
NONE = -1

_BACKGROUND = 0.14  # level in what the job does not ask for
_APTITUDE, _OWN_TOUCH = 0.05, 0.06  # standard deviations, over everything and per skill
_SHARE_OF_TARGET = {
    Standing.ESTABLISHED: (0.45, 0.90),
    Standing.RECENT: (0.20, 0.60),
    Standing.NEWCOMER: (0.20, 0.45),
    Standing.LAPSED_EXPERT: (0.72, 0.90),
}
_KEPT_LEVEL, _KEPT_LEVEL_OF_EXPERTS = 0.93, 0.6  # share of the first level that never fades
_WEIGHT_OF_GOAL, _MOST_WEIGHT = 0.7, 3.0

# Formats liked together, in order of FORMATS: watchers, readers, doers, takers of courses.
_TASTES = np.array(
    [
        [1.1, -0.3, -0.2, -0.6, 0.0, 0.0, 1.0, 0.0],
        [-0.4, 1.2, 0.1, -0.5, -0.4, 0.5, -0.3, 0.0],
        [-0.2, -0.5, -0.3, 0.9, 1.2, 0.3, -0.6, 0.0],
        [-0.1, 0.0, 1.1, 0.3, -0.2, 0.1, -0.4, 0.0],
    ]
)
_TASTE_NOISE, _INTEREST, _PACE_SPREAD = 0.4, 0.7, 0.2

_SHARE_ON_PATHWAY, _SHARE_STOPPING, _SHARE_HEEDLESS = 0.6, 0.08, 0.06
_SHARE_ASKED, _SHARE_RECENT_ASKED = 0.06, 0.6
_WEEKLY_RATE, _RATE_SHAPE = 0.125, 1.6
_ONBOARDING_WEEKS, _ONBOARDING_FACTOR = 10, 3.0
_EXPERT_RATE, _EXPERT_WEEKS = (0.9, 1.4), (20, 30)
_QUIET_MONTHS, _QUIET_FACTOR = (8, 12), 0.6


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Learners in a fixed order.

    Attributes
    ----------
    level, floor
        float64, (n_learners, n_skills): true levels at the start, and what never fades of them.
    target, weight
        float64, (n_learners, n_skills): what role and goal ask for; weights in [0,1].
    learning_rate, pace, diligence
        float64, (n_learners,): factor on gains, factor on time taken, heed to due dates in [0,1].
    format_liking
        float64, (n_learners, n_formats), in standard deviations.
    liking
        float64, (n_learners, n_content): taste, interest and common appeal together.
    may_take
        bool, (n_learners, n_modules): language and needs allow it.
    due_at
        float64, (n_learners, n_content), Unix seconds, inf where nothing is owed.
    weekly_rate
        float64, (n_learners, N_WEEKS): modules a week, before due dates press.
    pathway
        int64, (n_learners,): the pathway followed, −1 for none.
    asked_in_week
        int64, (n_learners,): the week of the pre-assessment, −1 for none.
    """

    level: Floats
    floor: Floats
    target: Floats
    weight: Floats
    learning_rate: Floats
    pace: Floats
    diligence: Floats
    format_liking: Floats
    liking: Floats
    may_take: NDArray[np.bool_]
    due_at: Floats
    weekly_rate: Floats
    pathway: NDArray[np.int64]
    asked_in_week: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.level)

    @cached_property
    def owed(self) -> NDArray[np.int64]:
        """Positions of the modules that somebody owes."""
        return np.flatnonzero(np.isfinite(self.due_at).any(axis=0))


def gather_crowd(
    company: Company, world: World, model: LearnerModel, rng: np.random.Generator
) -> Crowd:
    """Draw what is true of the learners.

    Parameters
    ----------
    company
        Who they are and what they owe.
    world
        What they can choose from.
    model
        Gives the spread of learning rates.
    rng
        Source of randomness.
    """
    learners, standing = company.staff.learners, company.staff.standing
    target, weight = _wants(company, world.skill_ids)
    level, floor = _draw_levels(target, standing, rng)
    tastes = _TASTES[rng.integers(len(_TASTES), size=len(learners))]
    format_liking = tastes + rng.normal(0.0, _TASTE_NOISE, tastes.shape)
    first_week = _first_weeks(company)
    return Crowd(
        level=level,
        floor=floor,
        target=target,
        weight=weight,
        learning_rate=rng.lognormal(0.0, model.learning_rate_spread, len(learners)),
        pace=rng.lognormal(0.0, _PACE_SPREAD, len(learners)),
        diligence=np.where(rng.random(len(learners)) < _SHARE_HEEDLESS, 0.15, 1.0),
        format_liking=format_liking,
        liking=_draw_liking(format_liking, world, rng),
        may_take=_may_take(company),
        due_at=_due_dates(company, world),
        weekly_rate=_draw_rates(company, first_week, rng),
        pathway=np.array([_draw_pathway(each, company, rng) for each in learners]),
        asked_in_week=_draw_questioning(standing, first_week, rng),
    )


def _wants(company: Company, skill_ids: IdMap) -> tuple[Floats, Floats]:
    """Return targets and weights; a goal role counts beside the present one."""
    asked = {
        role.role_id: [
            (skill_ids.index_of[each.skill_id], each.target, each.weight / _MOST_WEIGHT)
            for each in role.requirements
        ]
        for role in company.catalogue.roles
    }
    target = np.zeros((len(company.staff.learners), len(skill_ids)))
    weight = np.zeros_like(target)
    for row, learner in enumerate(company.staff.learners):
        for role_id, factor in ((learner.role_id, 1.0), (learner.goal_role_id, _WEIGHT_OF_GOAL)):
            for skill, level, importance in asked.get(str(role_id), ()):
                target[row, skill] = max(target[row, skill], level)
                weight[row, skill] = max(weight[row, skill], importance * factor)
    return target, weight


def _draw_levels(
    target: Floats, standing: NDArray[np.int8], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return first levels and their floors: near the target in the job, low in all else."""
    low, high = np.array([_SHARE_OF_TARGET[Standing(code)] for code in standing]).T
    share = rng.uniform(low, high)[:, None] + rng.normal(0.0, 0.08, target.shape)
    aptitude = rng.normal(0.0, _APTITUDE, len(target))[:, None]
    own = rng.normal(0.0, _OWN_TOUCH, target.shape)
    level = np.clip(np.maximum(target * share, _BACKGROUND) + aptitude + own, 0.02, 0.95)
    is_expert = standing == Standing.LAPSED_EXPERT
    kept = np.where(is_expert, _KEPT_LEVEL_OF_EXPERTS, _KEPT_LEVEL)
    return level, level * kept[:, None]


def _draw_liking(format_liking: Floats, world: World, rng: np.random.Generator) -> Floats:
    content = slice(0, world.n_content)
    interests = rng.normal(0.0, 1.0, (len(format_liking), N_TOPICS))
    shared = interests @ world.truth.topics[content].T / np.sqrt(N_TOPICS)
    liking: Floats = (
        world.truth.appeal[content]
        + _INTEREST * shared
        + _INTEREST * format_liking[:, world.format[content]]
    )
    return liking


def _may_take(company: Company) -> NDArray[np.bool_]:
    """Return where language and needs allow a module, (n_learners, n_modules)."""
    modules, learners = company.catalogue.modules, company.staff.learners
    groups = {(learner.language, learner.needs) for learner in learners}
    allowed = {
        (language, needs): np.array(
            [language in (None, each.language) and needs <= each.accessibility for each in modules]
        )
        for language, needs in groups
    }
    return np.stack([allowed[learner.language, learner.needs] for learner in learners])


def _due_dates(company: Company, world: World) -> Floats:
    due_at = np.full((len(company.staff.learners), world.n_content), np.inf)
    row_of = {each.learner_id: row for row, each in enumerate(company.staff.learners)}
    for each in company.assignments:
        if each.due_at is not None:
            column = world.module_ids.index_of[each.module_id]
            due_at[row_of[each.learner_id], column] = each.due_at.timestamp()
    return due_at


def _first_weeks(company: Company) -> NDArray[np.int64]:
    """Return the first whole week of each learner within the window; N_WEEKS if not yet begun."""
    end = company.now.timestamp()
    tenures = np.array(
        [
            np.inf if each.hired_at is None else (end - each.hired_at.timestamp()) / SECONDS_PER_DAY
            for each in company.staff.learners
        ]
    )
    weeks = np.ceil((WINDOW_DAYS - np.minimum(tenures, WINDOW_DAYS)) / 7.0).astype(np.int64)
    return np.where(company.staff.standing == Standing.NEWCOMER, N_WEEKS, weeks)


def _draw_rates(
    company: Company, first_week: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Return modules a week: personal, higher while settling in, lower in quiet months."""
    standing, n_learners = company.staff.standing, len(first_week)
    weeks = np.arange(N_WEEKS)[None, :]
    personal = rng.gamma(_RATE_SHAPE, _WEEKLY_RATE / _RATE_SHAPE, n_learners)
    is_expert = standing == Standing.LAPSED_EXPERT
    personal = np.where(is_expert, rng.uniform(*_EXPERT_RATE, n_learners), personal)
    stops = rng.random(n_learners) < _SHARE_STOPPING
    last_week = np.where(stops, rng.integers(N_WEEKS // 6, N_WEEKS, n_learners), N_WEEKS)
    last_week = np.where(is_expert, rng.integers(*_EXPERT_WEEKS, n_learners), last_week)
    settling = (standing == Standing.RECENT)[:, None] & (
        weeks < first_week[:, None] + _ONBOARDING_WEEKS
    )
    rate = personal[:, None] * np.where(settling, _ONBOARDING_FACTOR, 1.0) * _season(company)
    at_work = (weeks >= first_week[:, None]) & (weeks < last_week[:, None])
    return np.where(at_work, rate, 0.0)


def _season(company: Company) -> Floats:
    end = np.datetime64(company.now.date())
    days = end - 7 * np.arange(N_WEEKS, 0, -1)
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.where(np.isin(months, _QUIET_MONTHS), _QUIET_FACTOR, 1.0)


def _draw_pathway(learner: Learner, company: Company, rng: np.random.Generator) -> int:
    """Return the number of a pathway that leads where the learner is or wants to be, or −1."""
    fitting = [
        number
        for number, pathway in enumerate(company.catalogue.pathways)
        if _leads_somewhere(pathway, learner)
    ]
    follows = rng.random() < _SHARE_ON_PATHWAY
    return int(rng.choice(fitting)) if fitting and follows else NONE


def _leads_somewhere(pathway: Pathway, learner: Learner) -> bool:
    if "role_id" in pathway.goal:
        return pathway.goal["role_id"] in (learner.role_id, learner.goal_role_id)
    if "certificate" in pathway.goal:
        return learner.department == "Sales" and learner.role_id != HEAD_ROLE
    return learner.role_id in (HEAD_ROLE, LEADER_ROLE)


def _draw_questioning(
    standing: NDArray[np.int8], first_week: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the week of the pre-assessment: the first one for many recent hires."""
    draw = rng.random(len(standing))
    sometime = rng.integers(0, N_WEEKS, len(standing))
    recent = np.where(draw < _SHARE_RECENT_ASKED, np.minimum(first_week, N_WEEKS - 1), NONE)
    others = np.where(draw < _SHARE_ASKED, sometime, NONE)
    week = np.where(standing == Standing.RECENT, recent, others)
    silent = (standing == Standing.NEWCOMER) | (standing == Standing.LAPSED_EXPERT)
    return np.where(silent, NONE, week)
