"""The people of the sample academy: who works where, for whom, since when, and with what needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Learner
from training.academy.texts import ENGLISH, RoleText, Texts

WINDOW_DAYS = 546  # 78 weeks: the eighteen months that are simulated

HEAD_ROLE, LEADER_ROLE = "head-of-department", "team-leader"
_LEADER_SHARE = 0.07
_TOP_DEPARTMENT = "Executive Office"

_SITES = ("Leeds", "Hamburg", "Valencia", "Remote")
_SITE_SHARES = (0.42, 0.26, 0.20, 0.12)
_ON_SITE = frozenset(
    {
        "showroom-adviser",
        "service-technician",
        "warehouse-associate",
        "production-operator",
        "quality-inspector",
    }
)
# On these jobs some people learn in the language of their site only.
_IN_OWN_LANGUAGE = frozenset({"warehouse-associate", "production-operator", "quality-inspector"})
_LANGUAGE_OF_SITE = {"Hamburg": "de", "Valencia": "es"}
_SHARE_IN_OWN_LANGUAGE, _SHARE_UNSTATED = 0.3, 0.05

_NEEDS = (("captions",), ("transcript",), ("screen_reader",), ("captions", "transcript"))
_SHARE_WITH_NEEDS = 0.04
_SHARE_WITH_GOAL, _SHARE_MENTORING = 0.28, 0.12
_MENTOR_AFTER_DAYS = 730

_SHARE_RECENT, _SHARE_NEWCOMERS, _SHARE_EXPERTS = 0.22, 0.012, 0.03
_FEWEST_NEWCOMERS, _FEWEST_EXPERTS = 3, 7
_NEWCOMER_DAYS = 9
_MEAN_TENURE_DAYS = 1_700.0

_AGE_BANDS = ((25, "under 25"), (35, "25 to 34"), (50, "35 to 49"), (200, "50 and over"))
_CONTRACTS = ("permanent", "fixed-term", "part-time")
_CONTRACT_SHARES = (0.80, 0.12, 0.08)
_YOUNGEST, _YOUNGEST_LEADER = 18.0, 27.0
_OLDEST_APPRENTICE, _SHARE_APPRENTICES = 25.0, 0.4


class Standing(IntEnum):
    """What part a learner plays in the simulated eighteen months."""

    ESTABLISHED = 0
    RECENT = 1  # hired within the window
    NEWCOMER = 2  # hired in the last days, has not begun
    LAPSED_EXPERT = 3  # able and busy early on, then away


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Learners in a fixed order, and their `standing` (int8, (n_learners,), `Standing` codes)."""

    learners: tuple[Learner, ...]
    standing: NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class _Posts:
    """Who holds which post: role and department by learner, top of the house first."""

    roles: list[RoleText]
    departments: list[str]
    n_heads: int
    n_leaders: int

    @property
    def first_leader(self) -> int:
        return 1 + self.n_heads

    @property
    def first_member(self) -> int:
        return self.first_leader + self.n_leaders


def hire_staff(texts: Texts, n_learners: int, now: datetime, rng: np.random.Generator) -> Staff:
    """Staff the company.

    Parameters
    ----------
    texts
        Gives roles and departments.
    n_learners
        Everyone, leaders included; at least 40.
    now
        Aware UTC; nobody is hired after it.
    rng
        Source of randomness.
    """
    posts = _fill_posts(texts, n_learners, rng)
    sites = [_draw_site(role, rng) for role in posts.roles]
    languages = [
        _draw_language(role, site, rng) for role, site in zip(posts.roles, sites, strict=True)
    ]
    standing = _draw_standing(posts, languages, rng)
    tenure_days = _draw_tenure(standing, rng)
    managers = _draw_managers(posts, sites, rng)
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    known_roles = {role.role_id for role in texts.roles}
    learners = []
    for row, role in enumerate(posts.roles):
        plain = standing[row] in (Standing.NEWCOMER, Standing.LAPSED_EXPERT)
        learners.append(
            Learner(
                learner_id=_learner_id(row),
                role_id=role.role_id,
                goal_role_id=None if plain else _draw_goal(role, known_roles, rng),
                department=posts.departments[row],
                location=sites[row],
                hired_at=morning - timedelta(days=int(tenure_days[row])),
                language=languages[row],
                manager_id=None if row == 0 else _learner_id(managers[row]),
                needs=frozenset() if plain else _draw_needs(rng),
                mentor=bool(tenure_days[row] > _MENTOR_AFTER_DAYS)
                and rng.random() < _SHARE_MENTORING,
                attributes=_draw_attributes(role, int(tenure_days[row]), rng),
            )
        )
    return Staff(learners=tuple(learners), standing=standing)


def _learner_id(row: int) -> str:
    return f"L{row + 1:05d}"


def _fill_posts(texts: Texts, n_learners: int, rng: np.random.Generator) -> _Posts:
    """One director, one head a department, a leader for about fourteen people, and the rest."""
    by_id = {role.role_id: role for role in texts.roles}
    jobs = [role for role in texts.roles if role.share > 0]
    departments = list(dict.fromkeys(role.department for role in jobs))
    n_leaders = max(len(departments), round(_LEADER_SHARE * n_learners))
    n_members = n_learners - 1 - len(departments) - n_leaders
    shares = np.array([role.share for role in jobs])
    drawn = rng.choice(len(jobs), size=n_members, p=shares / shares.sum())
    members = [jobs[number] for number in drawn]
    sizes = dict.fromkeys(departments, 0.0)
    for role in members:
        sizes[role.department] += 1.0 / n_members
    extra = rng.choice(
        departments, size=n_leaders - len(departments), p=list(sizes.values())
    ).tolist()
    return _Posts(
        roles=[
            *([by_id[HEAD_ROLE]] * (1 + len(departments))),
            *([by_id[LEADER_ROLE]] * n_leaders),
            *members,
        ],
        departments=[
            _TOP_DEPARTMENT,
            *departments,
            *departments,
            *extra,
            *(role.department for role in members),
        ],
        n_heads=len(departments),
        n_leaders=n_leaders,
    )


def _draw_site(role: RoleText, rng: np.random.Generator) -> str:
    shares = np.array(_SITE_SHARES)
    if role.role_id in _ON_SITE:
        shares[-1] = 0.0
    return str(rng.choice(_SITES, p=shares / shares.sum()))


def _draw_language(role: RoleText, site: str, rng: np.random.Generator) -> str | None:
    draw = rng.random()
    if role.role_id in _IN_OWN_LANGUAGE and site in _LANGUAGE_OF_SITE:
        return _LANGUAGE_OF_SITE[site] if draw < _SHARE_IN_OWN_LANGUAGE else ENGLISH
    return None if draw < _SHARE_UNSTATED else ENGLISH


def _draw_standing(
    posts: _Posts, languages: list[str | None], rng: np.random.Generator
) -> NDArray[np.int8]:
    n_learners = len(posts.roles)
    standing = np.full(n_learners, Standing.ESTABLISHED, dtype=np.int8)
    members = np.arange(posts.first_member, n_learners)
    standing[members[rng.random(len(members)) < _SHARE_RECENT]] = Standing.RECENT
    english = [row for row in members if languages[row] == ENGLISH]
    n_new = max(_FEWEST_NEWCOMERS, round(_SHARE_NEWCOMERS * n_learners))
    n_lapsed = max(_FEWEST_EXPERTS, round(_SHARE_EXPERTS * n_learners))
    chosen = rng.choice(english, size=n_new + n_lapsed, replace=False)
    standing[chosen[:n_new]] = Standing.NEWCOMER
    standing[chosen[n_new:]] = Standing.LAPSED_EXPERT
    return standing


def _draw_tenure(standing: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return days since hiring."""
    n_learners = len(standing)
    long_ago = WINDOW_DAYS + 60 + rng.exponential(_MEAN_TENURE_DAYS, n_learners)
    days = np.minimum(long_ago, 9_000.0)
    recent = rng.uniform(_NEWCOMER_DAYS + 6, WINDOW_DAYS - 7, n_learners)
    days = np.where(standing == Standing.RECENT, recent, days)
    fresh = rng.integers(1, _NEWCOMER_DAYS, n_learners)
    return np.where(standing == Standing.NEWCOMER, fresh, days).astype(np.int64)


def _draw_managers(posts: _Posts, sites: list[str], rng: np.random.Generator) -> list[int]:
    """Return each learner's superior by row: leaders under heads, members under near leaders."""
    head_of = {posts.departments[row]: row for row in range(1, posts.first_leader)}
    leaders: dict[str, list[int]] = {}
    for row in range(posts.first_leader, posts.first_member):
        leaders.setdefault(posts.departments[row], []).append(row)
    managers = [0] * posts.first_leader
    for row in range(posts.first_leader, len(posts.roles)):
        department = posts.departments[row]
        if row < posts.first_member:
            managers.append(head_of[department])
            continue
        near = [leader for leader in leaders[department] if sites[leader] == sites[row]]
        managers.append(int(rng.choice(near or leaders[department])))
    return managers


def _draw_goal(role: RoleText, known_roles: set[str], rng: np.random.Generator) -> str | None:
    goals = [goal for goal in role.goals if goal in known_roles]
    wants = rng.random() < _SHARE_WITH_GOAL
    return str(rng.choice(goals)) if goals and wants else None


def _draw_needs(rng: np.random.Generator) -> frozenset[str]:
    if rng.random() >= _SHARE_WITH_NEEDS:
        return frozenset()
    return frozenset(_NEEDS[int(rng.integers(len(_NEEDS)))])


def _draw_attributes(role: RoleText, tenure_days: int, rng: np.random.Generator) -> dict[str, str]:
    """Return free attributes; those who lead are neither very young nor on short contracts."""
    leads = role.role_id in (HEAD_ROLE, LEADER_ROLE)
    youngest = _YOUNGEST_LEADER if leads else _YOUNGEST
    age = youngest + tenure_days / 365.0 + rng.gamma(2.0, 7.0)
    is_apprentice = age < _OLDEST_APPRENTICE and rng.random() < _SHARE_APPRENTICES
    contract = "apprentice" if is_apprentice else str(rng.choice(_CONTRACTS, p=_CONTRACT_SHARES))
    band = next(name for limit, name in _AGE_BANDS if age < limit)
    return {"age_band": band, "contract": _CONTRACTS[0] if leads else contract}
