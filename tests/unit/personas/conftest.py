"""Learners with planted habits."""

import numpy as np
import pytest

from features.domain.catalogue import Catalogue, Module, ModuleSkill, Skill
from features.encode.catalogue import index_catalogue
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, build_log

DAY = 86_400.0
START = 1_780_000_000.0
FORMATS = ("article", "video")
# By type: share of video, share finished, days between, share of first tries failed in `figures`.
TYPES = ((0.85, 0.9, 2.0, 0.1), (0.2, 0.9, 9.0, 0.1), (0.5, 0.45, 4.0, 0.7))


@pytest.fixture(scope="session")
def index():
    """Forty modules: article and video in turn, half of them about figures, half about words."""
    modules = tuple(
        Module(
            module_id=f"m{k:02}",
            title=f"Module {k}",
            format=FORMATS[k % 2],
            difficulty=k / 40,
            skills=(ModuleSkill(skill_id=("adding", "spelling")[k // 2 % 2]),),
        )
        for k in range(40)
    )
    skills = (
        Skill(skill_id="adding", name="Adding", parent_id="figures"),
        Skill(skill_id="figures", name="Figures"),
        Skill(skill_id="spelling", name="Spelling", parent_id="words"),
        Skill(skill_id="words", name="Words"),
    )
    return index_catalogue(Catalogue(modules=modules, skills=skills))


@pytest.fixture(scope="session")
def make_log(index):
    """Give what makes a log of learners, a third of each type in turn."""

    def make(n_learners=300, *, seed=0, n_modules=16, types=TYPES, first=0):
        rng = np.random.default_rng(seed)
        rows = []
        for learner in range(n_learners):
            video, finished, days, failing = types[learner % len(types)]
            at = START + rng.uniform(0, 30) * DAY
            weight = np.where(np.arange(40) % 2 == 1, video, 1 - video)
            for module in rng.choice(40, n_modules, replace=False, p=weight / weight.sum()):
                at += max(1.0, rng.normal(days, days / 4)) * DAY
                rows.append((learner, module, "started", at, -1))
                if rng.uniform() < finished:
                    is_figures = module // 2 % 2 == 0
                    success = int(rng.uniform() > (failing if is_figures else 0.1))
                    event = "completed" if success else "failed"
                    rows.append((learner, module, event, at + 1200, success))
        columns = list(zip(*rows, strict=True))
        return build_log(
            ArrivedEvents(
                learner=np.array(columns[0], dtype=np.int32),
                module=np.array(columns[1], dtype=np.int32),
                event=np.array([EVENT_CODES[each] for each in columns[2]], dtype=np.int8),
                at_seconds=np.array(columns[3]),
                score=np.full(len(rows), np.nan),
                reported_success=np.array(columns[4], dtype=np.int8),
                duration_seconds=np.full(len(rows), np.nan),
            ),
            learner_ids=IdMap(f"u{first + k:05}" for k in range(n_learners)),
            module_ids=index.module_ids,
            pass_marks=index.pass_marks,
        )

    return make
