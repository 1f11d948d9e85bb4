"""Learners with known truth, in two worlds: an academy, and a tutor with order only."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from features.encode.ability import LOGIT_OF_MASTERY, sigmoid
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, InteractionLog, build_log
from features.encode.skills import ModuleSkillIndex

T0, DAY = 1.7e9, 86_400.0


@dataclass(frozen=True, kw_only=True)
class World:
    """A history and what is true behind it.

    `level` is (n_learners, n_skills), mastery at the end; `gain` is (n_modules,), what one
    completion truly adds to it.
    """

    log: InteractionLog
    index: ModuleSkillIndex
    level: np.ndarray
    gain: np.ndarray
    is_content: np.ndarray


@pytest.fixture(scope="session")
def academy() -> World:
    """Return content that teaches and questions that test; difficulty authored, with some error."""
    rng = np.random.default_rng(11)
    n, n_modules, n_skills, logits_per_level = 1_500, 160, 12, 7.0
    skill = rng.integers(0, n_skills, n_modules)
    difficulty = rng.uniform(0.1, 0.9, n_modules)
    is_content = rng.random(n_modules) < 0.4
    gain = np.where(is_content, np.clip(rng.normal(0.05, 0.03, n_modules), -0.02, 0.15), 0.0)
    modules_of = [np.flatnonzero(skill == one) for one in range(n_skills)]
    typical = rng.uniform(0.35, 0.65, n_skills)
    level = typical + rng.normal(0.0, 0.12, (n, 1)) + rng.normal(0.0, 0.1, (n, n_skills))
    level = np.clip(level, 0.02, 0.98)
    rows: list[tuple[int, int, str, float, int]] = []
    for learner in range(n):
        at, done = T0 + rng.uniform(0.0, 300.0) * DAY, set()
        interests = rng.choice(n_skills, 4, replace=False)
        for _ in range(int(rng.integers(30, 90))):
            at += rng.exponential(2.0) * DAY
            one = rng.choice(interests)
            module = int(rng.choice(modules_of[one]))
            if not is_content[module]:
                logit = logits_per_level * (level[learner, one] - difficulty[module])
                p = sigmoid(np.array(logit + LOGIT_OF_MASTERY))
                rows.append((learner, module, "answered", at, int(rng.random() < p)))
            elif module not in done:
                done.add(module)
                rows.append((learner, module, "completed", at, -1))
                level[learner, one] = np.clip(level[learner, one] + gain[module], 0.0, 1.0)
    authored = np.clip(difficulty + rng.normal(0.0, 0.04, n_modules), 0.0, 1.0)
    index = _index([(int(one),) for one in skill], n_skills, authored)
    log = _log(rows, n, n_modules)
    return World(log=log, index=index, level=level, gain=gain, is_content=is_content)


@pytest.fixture(scope="session")
def tutor() -> World:
    """Return short and long histories over items with up to three skills; only the order is known.

    Ability differs by learner and skill, drifts, and grows with practice; guessing and slipping
    keep probabilities off 0 and 1.
    """
    rng = np.random.default_rng(12)
    n, n_items, n_skills = 1_200, 600, 40
    skills_of = [
        rng.choice(n_skills, rng.choice([1, 1, 2, 3]), replace=False) for _ in range(n_items)
    ]
    by_skill = rng.normal(0.0, 0.7, n_skills)
    hard = np.array([by_skill[own].mean() for own in skills_of]) + rng.normal(-0.8, 0.9, n_items)
    items_of = [
        [item for item in range(n_items) if skill in skills_of[item]] for skill in range(n_skills)
    ]
    speed = np.abs(rng.normal(0.15, 0.12, n_skills))
    lengths = np.clip(rng.lognormal(np.log(35.0), 1.0, n).astype(int), 3, 400)
    rows: list[tuple[int, int, str, float, int]] = []
    for learner in range(n):
        ability, own = rng.normal(0.0, 0.9), rng.normal(0.0, 0.6, n_skills)
        practice, form, skill = np.zeros(n_skills), 0.0, int(rng.integers(n_skills))
        for place in range(lengths[learner]):
            skill = int((skill + rng.integers(1, 4)) % n_skills) if rng.random() < 0.12 else skill
            item = (
                int(rng.choice(items_of[skill])) if items_of[skill] else int(rng.integers(n_items))
            )
            tags = skills_of[item]
            form = 0.8 * form + rng.normal(0.0, 0.25)
            learned = own[tags] + 1.5 * speed[tags] * np.log1p(practice[tags])
            logit = ability + form + learned.min() - hard[item]
            p = 0.08 + 0.88 * sigmoid(np.array(logit))
            rows.append((learner, item, "answered", float(place), int(rng.random() < p)))
            practice[tags] += 1.0
    index = _index([tuple(map(int, own)) for own in skills_of], n_skills, None)
    nothing = np.zeros(n_items)
    return World(
        log=_log(rows, n, n_items),
        index=index,
        level=np.zeros((n, n_skills)),
        gain=nothing,
        is_content=nothing > 0,
    )


@pytest.fixture(scope="session")
def split() -> Callable[[InteractionLog], tuple[InteractionLog, InteractionLog, InteractionLog]]:
    """Return a function that deals learners into train, valid and test."""

    def deal(log: InteractionLog) -> tuple[InteractionLog, InteractionLog, InteractionLog]:
        part = np.random.default_rng(3).choice(3, log.n_learners, p=[0.7, 0.1, 0.2])
        train, valid, test = (log.take_learners(part == one) for one in range(3))
        return train, valid, test

    return deal


def _index(
    skills_of: list[tuple[int, ...]], n_skills: int, difficulty: np.ndarray | None
) -> ModuleSkillIndex:
    n = len(skills_of)
    return ModuleSkillIndex(
        module_ids=IdMap(f"m{i}" for i in range(n)),
        skill_ids=IdMap(f"s{i}" for i in range(n_skills)),
        indptr=np.cumsum([0, *map(len, skills_of)], dtype=np.int64),
        skill=np.array([skill for own in skills_of for skill in own], dtype=np.int32),
        weight=np.ones(sum(map(len, skills_of))),
        difficulty=np.full(n, np.nan) if difficulty is None else difficulty,
    )


def _log(
    rows: list[tuple[int, int, str, float, int]], n_learners: int, n_modules: int
) -> InteractionLog:
    learner, module, event, at, success = zip(*rows, strict=True)
    return build_log(
        ArrivedEvents(
            learner=np.array(learner, dtype=np.int32),
            module=np.array(module, dtype=np.int32),
            event=np.array([EVENT_CODES[one] for one in event], dtype=np.int8),
            at_seconds=np.array(at),
            score=np.full(len(rows), np.nan),
            reported_success=np.array(success, dtype=np.int8),
            duration_seconds=np.full(len(rows), np.nan),
        ),
        learner_ids=IdMap(f"l{i}" for i in range(n_learners)),
        module_ids=IdMap(f"m{i}" for i in range(n_modules)),
        pass_marks=np.full(n_modules, 0.5),
    )
