"""Small histories written as tables."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, InteractionLog, build_log
from features.encode.signals import SIGNALS
from features.encode.skills import ModuleSkillIndex
from features.encode.tallies import Yardstick
from features.encode.words import N_BUCKETS
from features.score.level_model import LevelModel
from features.score.prior import DifficultyPrior
from features.score.sequels import Sequels
from features.score.success import DIFFICULTY, MARGIN, SuccessModel
from features.score.trees import Trees

sys.path.insert(0, str(Path(__file__).parent))

Row = tuple[int, int, str, float, int]  # learner, module, event, at, success
MakeLog = Callable[..., InteractionLog]
MakeIndex = Callable[..., ModuleSkillIndex]


@pytest.fixture
def make_log() -> MakeLog:
    def make(
        rows: Sequence[Row],
        n_learners: int = 1,
        n_modules: int = 4,
        durations: Sequence[float] | None = None,
    ) -> InteractionLog:
        columns = list(zip(*rows, strict=True)) or [()] * 5
        took = np.full(len(rows), np.nan) if durations is None else np.array(durations, np.float64)
        return build_log(
            ArrivedEvents(
                learner=np.array(columns[0], dtype=np.int32),
                module=np.array(columns[1], dtype=np.int32),
                event=np.array([EVENT_CODES[event] for event in columns[2]], dtype=np.int8),
                at_seconds=np.array(columns[3], dtype=np.float64),
                score=np.full(len(rows), np.nan),
                reported_success=np.array(columns[4], dtype=np.int8),
                duration_seconds=took,
            ),
            learner_ids=IdMap(f"l{i}" for i in range(n_learners)),
            module_ids=IdMap(f"m{i}" for i in range(n_modules)),
            pass_marks=np.full(n_modules, 0.5),
        )

    return make


@pytest.fixture
def make_index() -> MakeIndex:
    def make(
        skills_of: Sequence[Sequence[int]],
        n_skills: int = 3,
        difficulty: Sequence[float] | None = None,
    ) -> ModuleSkillIndex:
        n = len(skills_of)
        return ModuleSkillIndex(
            module_ids=IdMap(f"m{i}" for i in range(n)),
            skill_ids=IdMap(f"s{i}" for i in range(n_skills)),
            indptr=np.cumsum([0, *map(len, skills_of)], dtype=np.int64),
            skill=np.array([s for row in skills_of for s in row], dtype=np.int32),
            weight=np.ones(sum(map(len, skills_of))),
            difficulty=np.full(n, np.nan) if difficulty is None else np.array(difficulty),
        )

    return make


@pytest.fixture
def yardstick() -> Yardstick:
    return Yardstick(
        difficulty=np.array([-1.0, 0.0, 1.0, 0.5]),
        mean_grade=np.array([0.7, 0.5, 0.3, 0.4]),
        gain=np.array([0.1, 0.2, 0.3, 0.4]),
        skill_offset=np.zeros(4),
        logits_per_level=6.0,
        level_of_zero=0.5,
        ability_variance=1.0,
        skill_variance=0.3,
        half_life_seconds=np.inf,
    )


@pytest.fixture
def model() -> SuccessModel:
    """Return a model of four modules and three skills with coefficients drawn at random."""
    rng = np.random.default_rng(5)
    coefficient = rng.normal(0.0, 0.2, len(SIGNALS))
    coefficient[DIFFICULTY], coefficient[MARGIN] = -0.2, 0.9
    return SuccessModel(
        module_ids=np.array(["m0", "m1", "m2", "m3"]),
        skill_ids=np.array(["s0", "s1", "s2"]),
        difficulty=np.array([-1.0, 0.0, 1.0, 0.5]),
        mean_grade=np.array([0.7, 0.5, 0.3, 0.4]),
        grade_line=np.array([0.1, 0.8]),
        gain=np.array([0.1, -0.2, 0.3, 0.4]),
        gain_standard_error=np.full(4, 0.1),
        gain_by_skill=np.array([0.2, 0.3, 0.1, 0.2]),
        skill_offset=np.array([0.5, -0.5, 0.0, 0.0]),
        scale=np.array([8.0, 0.5, 1.0, 0.4, 90 * 86_400.0]),
        coefficient=coefficient,
        constant=0.3,
        prior=DifficultyPrior(
            intercept=0.2,
            logits_per_level=5.0,
            mean_level=0.4,
            skill_effect=np.array([-0.5, 0.5, 0.0, 0.1]),
            word_effect=rng.normal(0.0, 0.1, N_BUCKETS),
        ),
        trees=Trees(
            roots=np.array([0, 3], dtype=np.int32),
            feature=np.array([0, 0, 0, SIGNALS.index("module_fails"), 0, 0], dtype=np.int32),
            threshold=np.array([0.1, np.inf, np.inf, 0.5, np.inf, np.inf]),
            left=np.array([1, 1, 2, 4, 4, 5], dtype=np.int32),
            right=np.array([2, 1, 2, 5, 4, 5], dtype=np.int32),
            value=np.array([0.0, -0.2, 0.2, 0.0, 0.1, -0.3]),
            depth=1,
        ),
        sequels=Sequels(
            first=np.array([0, 0, 1, 3], dtype=np.int32),
            then=np.array([0, 1, 3, 1], dtype=np.int32),
            effect=np.array([[-0.4, 0.3], [0.2, -0.1], [-0.5, 0.6], [0.7, 0.1]]),
        ),
        levels=LevelModel(
            role_ids=np.array(["analyst"]),
            difficulty=np.array([0.3, 0.5, 0.7, 0.6]),
            gain=np.array([0.05, 0.0, 0.1, 0.2]),
            is_asked=np.array([[True, False, True, False], [False] * 4]),
            usual=np.array(
                [
                    *([0.6, 0.5, 0.4, 0.3], [0.4, 0.4, 0.3, 0.3]),  # analysts, others
                    *([0.5, 0.9, 0.35, 0.9], [0.9, 0.9, 0.9, 0.9]),  # who wants to be an analyst
                ]
            ),
            usual_variance=np.full((4, 4), 0.05),
            numbers=np.array([6.0, 0.2, 0.1, 0.3, 0.4, 90 * 86_400.0, 0.35, 0.7, 3.0, 0.5]),
            usual_gain=np.array([0.05]),
        ),
    )
