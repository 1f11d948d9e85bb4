"""Small training data made of nothing but numbers."""

import numpy as np
import pytest

from features.domain.catalogue import (
    Catalogue,
    Module,
    ModuleSkill,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
    SkillEdge,
)
from features.encode.ids import IdMap
from features.encode.log import ArrivedEvents, build_log
from training.histories.assemble import EvidenceArrays
from training.histories.data import TrainingData

DAY = 86_400.0
START = 1_780_000_000.0
N_MODULES, N_SKILLS = 12, 3


def catalogue_of(n_modules: int = N_MODULES) -> Catalogue:
    return Catalogue(
        modules=tuple(
            Module(
                module_id=f"m{k:02}",
                title=f"Module {k}",
                format=("video", "article", "course")[k % 3],
                difficulty=0.0 if k == 0 else k / n_modules,
                skills=(ModuleSkill(skill_id=f"s{k % N_SKILLS}"),),
                prerequisites=(Prerequisite(requires_module_id="m00"),) if k == 1 else (),
            )
            for k in range(n_modules)
        ),
        skills=tuple(Skill(skill_id=f"s{k}", name=f"Skill {k}") for k in range(N_SKILLS)),
        skill_edges=(SkillEdge(skill_id="s0", precedes_skill_id="s1"),),
        roles=(
            Role(
                role_id="r0",
                name="Role",
                requirements=(RoleRequirement(skill_id="s0", target=0.5),),
            ),
        ),
    )


@pytest.fixture
def make_data():
    """Give what makes data: learners who meet modules at random, a day or so apart."""

    def make(
        n_learners: int = 200,
        *,
        seed: int = 0,
        n_events: int = 10,
        p_success: float = 0.7,
        popularity: np.ndarray | None = None,
        start: float = START,
        first_learner: int = 0,
    ) -> TrainingData:
        rng = np.random.default_rng(seed)
        catalogue = catalogue_of()
        n = n_learners * n_events
        share = None if popularity is None else popularity / popularity.sum()
        learner = np.repeat(np.arange(n_learners, dtype=np.int32), n_events)
        gaps = rng.exponential(DAY, (n_learners, n_events))
        log = build_log(
            ArrivedEvents(
                learner=learner,
                module=rng.choice(N_MODULES, n, p=share).astype(np.int32),
                event=np.full(n, 5, dtype=np.int8),
                at_seconds=start + np.cumsum(gaps, axis=1).ravel(),
                score=np.round(rng.beta(4, 2, n), 2),
                reported_success=(rng.uniform(size=n) < p_success).astype(np.int8),
                duration_seconds=np.full(n, np.nan),
            ),
            learner_ids=IdMap(f"u{first_learner + k:05}" for k in range(n_learners)),
            module_ids=IdMap(module.module_id for module in catalogue.modules),
            pass_marks=np.full(N_MODULES, 0.5),
        )
        nobody = np.zeros(0, dtype=np.int32)
        return TrainingData(
            log=log,
            catalogue=catalogue,
            learner_attributes={
                "role_id": np.full(n_learners, "r0"),
                "location": rng.choice(["north", "south"], n_learners),
                "age": rng.integers(20, 60, n_learners).astype(np.str_),
            },
            evidence=EvidenceArrays(
                learner=nobody,
                skill=nobody,
                level=np.zeros(0),
                source=np.zeros(0, dtype=np.str_),
                at_seconds=np.zeros(0),
            ),
            parts=None,
            data_hash=f"hash of {seed} {n_learners} {start}",
            n_rows={"interactions": n, "learners": n_learners},
        )

    return make
