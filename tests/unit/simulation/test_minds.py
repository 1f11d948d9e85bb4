"""Both learner models: success rises with level, learning and forgetting, strain."""

from dataclasses import replace

import numpy as np
import pytest

from training.simulation.ability import AbilityMind
from training.simulation.knowledge import KnowledgeMind
from training.simulation.minds import readiness
from training.simulation.offer import Lesson
from training.simulation.parameters import AbilityModel, Content, KnowledgeModel
from training.simulation.questions import Question

CONTENT = Content()


def lesson(difficulty: float = 0.5, **fields) -> Lesson:
    known = {
        "minutes": 30.0,
        "format": 0,
        "graded": True,
        "pass_mark": 0.7,
        "difficulty": difficulty,
        "skills": ((0, 1.0),),
        "effects": (1.0,),
        "needs": (),
    }
    return Lesson(**known | fields)


def able(*levels: float, rate: float = 1.0, **values) -> AbilityMind:
    return AbilityMind(levels, rate, AbilityModel(**values), CONTENT)


def knowing(*levels: float, rate: float = 1.0, **values) -> KnowledgeMind:
    model = KnowledgeModel(first_spread=0.0, **values)
    return KnowledgeMind(levels, rate, model, CONTENT, np.random.default_rng(3))


def test_ability_succeeds_three_times_in_four_at_its_own_level():
    assert able(0.5).p_success(lesson(0.5), 0.0) == pytest.approx(0.75)


@pytest.mark.parametrize("make", [able, knowing])
def test_success_rises_with_level_and_falls_with_difficulty(make):
    by_level = [make(level).p_success(lesson(0.5), 0.0) for level in (0.2, 0.4, 0.6)]
    by_difficulty = [make(0.5).p_success(lesson(d), 0.0) for d in (0.3, 0.6, 0.9)]
    assert by_level == sorted(set(by_level))
    assert by_difficulty == sorted(set(by_difficulty), reverse=True)


def test_knowledge_guesses_and_slips():
    model = KnowledgeModel()
    assert knowing(0.0).p_success(lesson(0.5), 0.0) == pytest.approx(model.p_guess)
    assert knowing(0.9).p_success(lesson(0.5), 0.0) == pytest.approx(1.0 - model.p_slip)
    # A window of .25 of 20 components is five; of those up to .5, three lie below .4.
    assert knowing(0.4).p_success(lesson(0.5), 0.0) == pytest.approx(0.2 + 0.7 * 3 / 5)


def test_questions_are_answered_by_ability_or_by_the_one_component_they_are_about():
    hard, easy = (Question(skill=0, difficulty=each, minutes=1.0) for each in (0.6, 0.5))
    assert able(0.5).p_right(easy, 0.0) == pytest.approx(0.75)
    # A tenth of a level at 6 logits a level, from the logit of .75.
    assert able(0.5).p_right(hard, 0.0) == pytest.approx(1 / (1 + np.exp(0.6) / 3))
    model = KnowledgeModel()
    assert knowing(0.5).p_right(easy, 0.0) == pytest.approx(1.0 - model.p_slip)
    assert knowing(0.5).p_right(hard, 0.0) == pytest.approx(model.p_guess)


@pytest.mark.parametrize("make", [able, knowing])
def test_studying_raises_the_level_and_never_past_one(make):
    mind = make(0.4)
    mind.study(lesson(0.5), 0.0)
    assert mind.level(0, 0.0) > 0.4
    for _ in range(20):
        mind.study(lesson(1.0), 0.0)
    assert mind.level(0, 0.0) <= 1.0


def test_ability_grows_most_near_its_level():
    risen = []
    for difficulty in (0.1, 0.45, 0.9):
        mind = able(0.4)
        mind.study(lesson(difficulty), 0.0)
        risen.append(mind.level(0, 0.0) - 0.4)
    assert risen[1] > 2 * risen[0]
    assert risen[1] > 5 * risen[2]


def test_ability_rises_by_a_hand_computed_step():
    mind = able(0.5, rate=2.0, best_p=0.75)
    mind.study(lesson(0.5, effects=(0.5,)), 0.0)
    # At the best match: .25 levels × rate 2 × effect .5.
    assert mind.level(0, 0.0) == pytest.approx(0.75)


def test_what_is_known_is_not_learned_again():
    mind = knowing(0.6)
    mind.study(lesson(0.5), 0.0)
    assert mind.level(0, 0.0) == pytest.approx(0.6)


def test_components_without_the_one_before_are_learned_less():
    risen = {}
    for level in (0.25, 0.0):
        gains = []
        for seed in range(200):
            model = KnowledgeModel(first_spread=0.0, n_opportunities=1.0)
            mind = KnowledgeMind([level], 1.0, model, CONTENT, np.random.default_rng(seed))
            before = mind.level(0, 0.0)
            mind.study(lesson(0.5), 0.0)
            gains.append(mind.level(0, 0.0) - before)
        risen[level] = np.mean(gains)
    assert risen[0.25] > 1.3 * risen[0.0]


def test_gained_ability_fades_by_the_power_and_the_first_level_stays():
    mind = able(0.5)
    mind.study(lesson(0.5), 0.0)
    gained = mind.level(0, 0.0) - 0.5
    stretched = 30.0 * 1.5
    assert mind.level(0, 90.0) - 0.5 == pytest.approx(gained * (1 + 90 / stretched) ** -0.2)
    assert able(0.5).level(0, 1e6) == 0.5


def test_practice_slows_forgetting():
    once, twice = able(0.5), able(0.5)
    once.study(lesson(0.5), 0.0)
    twice.study(lesson(0.5), 0.0)
    twice.study(lesson(0.5), 0.0)
    kept = [(m.level(0, 200.0) - 0.5) / (m.level(0, 0.0) - 0.5) for m in (once, twice)]
    assert kept[1] > kept[0]


def test_learned_components_halve_in_their_half_life_and_brought_ones_stay():
    model = KnowledgeModel(first_spread=0.0, n_opportunities=1e6, n_components=1000)
    mind = KnowledgeMind([0.25], 1.0, model, CONTENT, np.random.default_rng(5))
    mind.study(lesson(0.5), 0.0)
    assert mind.level(0, 0.0) == pytest.approx(0.5)
    assert mind.level(0, model.half_life_days) == pytest.approx(0.25 + 0.125, abs=0.03)
    assert knowing(0.25).level(0, 1e9) == 0.25


@pytest.mark.parametrize("make", [able, knowing])
def test_what_is_far_too_easy_bores_and_what_is_far_too_hard_is_over_the_head(make):
    bored, lost = make(0.9).strain(lesson(0.3), 0.0)
    assert (bored, lost) == (pytest.approx(1.0), 0.0)
    bored, lost = make(0.1).strain(lesson(0.8), 0.0)
    assert (bored, lost) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize("make", [able, knowing])
def test_a_missing_prerequisite_takes_its_strength_from_learning_and_strains(make):
    needy = lesson(0.5, needs=((1, 0.5, 0.8),))
    assert readiness(make(0.4, 0.6), needy, 0.0, 0.25) == 1.0
    assert readiness(make(0.4, 0.0), needy, 0.0, 0.25) == pytest.approx(0.2)
    assert make(0.4, 0.0).strain(needy, 0.0)[1] >= 0.8
    learned = []
    for other in (0.6, 0.0):
        mind = make(0.25, other)
        mind.study(replace(needy, effects=(0.5,)), 0.0)
        learned.append(mind.level(0, 0.0))
    assert learned[0] > learned[1]


def test_a_second_skill_is_learned_too():
    mind = able(0.5, 0.5)
    mind.study(lesson(0.5, skills=((0, 0.7), (1, 0.3)), effects=(1.0, 0.3)), 0.0)
    first, second = mind.level(0, 0.0) - 0.5, mind.level(1, 0.0) - 0.5
    assert second == pytest.approx(0.3 * first)
