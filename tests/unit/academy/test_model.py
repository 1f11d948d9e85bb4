import numpy as np
import pytest

from training.academy import LearnerModel

MODEL = LearnerModel()


@pytest.mark.parametrize(
    ("level", "difficulty", "expected"),
    [
        (0.5, 0.5, 0.75),
        (0.2, 0.2, 0.75),
        (0.6, 0.5, 0.858),  # 1 / (1 + exp(−(0.7 + ln 3)))
        (0.4, 0.5, 0.598),  # 1 / (1 + exp(−(−0.7 + ln 3)))
    ],
)
def test_success_is_three_in_four_where_level_equals_difficulty(
    level: float, difficulty: float, expected: float
) -> None:
    p = MODEL.p_success(np.array([level]), np.array([difficulty]))
    assert p == pytest.approx([expected], abs=5e-4)


def test_a_module_teaches_most_where_three_in_four_succeed() -> None:
    assert MODEL.match(np.array([0.75])) == pytest.approx([1.0])
    assert MODEL.match(np.array([0.97, 0.53])) == pytest.approx([np.exp(-1.0)] * 2)


def test_levels_never_rise_past_one() -> None:
    rise = MODEL.learned(
        np.array([[0.95, 0.5]]), np.array([[0.2, 0.2]]), np.array([0.75]), np.array([1.0])
    )
    assert rise == pytest.approx(np.array([[0.05, 0.2]]))


def test_failing_teaches_less() -> None:
    rise = MODEL.learned(np.array([[0.5]]), np.array([[0.1]]), np.array([0.75]), np.array([0.6]))
    assert rise == pytest.approx(np.array([[0.06]]))


@pytest.mark.parametrize(
    ("days", "n_practices", "expected"),
    [
        (0.0, 0.0, 0.8),
        (120.0, 0.0, 0.6),
        (240.0, 0.0, 0.5),
        (162.0, 1.0, 0.6),  # one practice: 120 × 1.35 days
        (1e9, 6.0, 0.4),
    ],
)
def test_what_was_gained_fades_by_halves_towards_its_floor(
    days: float, n_practices: float, expected: float
) -> None:
    kept = MODEL.remaining(np.array([0.8]), np.array([0.4]), np.array([n_practices]), days)
    assert kept == pytest.approx([expected])


def test_practices_beyond_the_most_change_nothing() -> None:
    level, floor = np.array([0.8]), np.array([0.4])
    six = MODEL.remaining(level, floor, np.array([6.0]), 100.0)
    assert MODEL.remaining(level, floor, np.array([60.0]), 100.0) == pytest.approx(six)


def test_boredom_confusion_and_length_make_people_give_up() -> None:
    p = MODEL.p_dropout(
        np.array([0.75, 1.0, 0.2, 0.75, 0.75]),
        np.array([0.0, 0.0, 0.0, 120.0, 0.0]),
        np.array([0.0, 0.0, 0.0, 0.0, 1.0]),
    )
    at_rest, bored, lost, long, liked = p
    assert at_rest == pytest.approx(1 / (1 + np.exp(3.0)))
    assert liked < at_rest < min(bored, lost, long)


@pytest.mark.parametrize(("source", "noise"), [("manager", 0.192), ("assessment", 0.1)])
def test_noise_of_a_judgement_follows_from_its_reliability(source: str, noise: float) -> None:
    assert MODEL.noise_of(source) == pytest.approx(noise, abs=5e-4)
