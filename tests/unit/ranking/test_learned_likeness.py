"""What co-taking teaches about likeness."""

import numpy as np

from features.domain.catalogue import Catalogue, Module, ModuleSkill
from features.encode.catalogue import index_catalogue
from features.score.likeness import TERMS, USUAL_WEIGHTS, ModuleContent
from training.evaluation.ranking import sequences_from
from training.ranking.likeness import learn_likeness

N_MODULES, N_SKILLS = 40, 8


def content():
    modules = tuple(
        Module(
            module_id=f"m{k:02}",
            title=f"m{k:02}",
            format=("video", "text")[k // N_SKILLS % 2],
            skills=(ModuleSkill(skill_id=f"s{k % N_SKILLS}"),),
        )
        for k in range(N_MODULES)
    )
    return ModuleContent.of(index_catalogue(Catalogue(modules=modules)))


def histories(n_learners):
    """Make up learners who take modules of one skill, whatever their format."""
    rng = np.random.default_rng(0)
    skills = rng.integers(N_SKILLS, size=n_learners)
    places = [rng.permutation(N_MODULES // N_SKILLS)[:3] for _ in range(n_learners)]
    return sequences_from(
        [(skill + N_SKILLS * place).tolist() for skill, place in zip(skills, places, strict=True)]
    )


def test_the_term_that_tells_what_is_taken_together_gets_the_weight():
    weights = learn_likeness(histories(2000), content(), np.random.default_rng(0))
    told = dict(zip(TERMS, weights, strict=True))
    assert told["skills"] > 0.3
    assert told["format"] < 0.05
    assert min(weights) >= 0.0
    assert told["words"] == told["linked"] == told["level"] == 0.0


def test_too_few_learners_teach_nothing_and_the_usual_weights_stand():
    weights = learn_likeness(histories(30), content(), np.random.default_rng(0))
    assert weights.tolist() == USUAL_WEIGHTS.tolist()


def test_the_same_histories_and_seed_give_the_same_weights():
    one, other = (
        learn_likeness(histories(500), content(), np.random.default_rng(3)) for _ in range(2)
    )
    assert one.tolist() == other.tolist()
