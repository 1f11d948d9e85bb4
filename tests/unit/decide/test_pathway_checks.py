"""Pathways that nobody could finish are refused, and every culprit is named."""

import pytest

from features.decide.pathway_checks import check_pathway, never_holds
from features.domain.catalogue import EntryPoint, Pathway, PathwayStep
from features.domain.errors import CycleError, InvalidValueError


def step(step_id: str, *requires: str, when: str | None = None, modules=("m",)) -> PathwayStep:
    return PathwayStep(step_id=step_id, any_of=modules, requires=requires, when=when)


def pathway(*steps: PathwayStep, entry_points: tuple[EntryPoint, ...] = ()) -> Pathway:
    return Pathway(pathway_id="p", title="P", steps=steps, entry_points=entry_points)


def test_a_sound_pathway_passes():
    check_pathway(
        pathway(
            step("a"),
            step("b", "a", when='scores["m"] >= 0.8'),
            step("c", "a", when='learner.department == "Sales"'),
            entry_points=(EntryPoint(step_id="a"), EntryPoint(step_id="b", when="tenure_days > 9")),
        )
    )


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((step("a"), step("a")), ["step 'a' stands 2 times"]),
        ((step("a", "x"), step("b", "y")), ["'a' requires 'x'", "'b' requires 'y'"]),
        ((step("a", modules=()),), ["step 'a' has no module"]),
        ((step("a", when="1 +"),), ["step 'a': the condition cannot be read as CEL"]),
        ((step("a", when="false"),), ["step 'a'", "'false' can never hold"]),
        (
            (step("a", when="tenure_days < 3.0 && tenure_days > 5.0"),),
            ["step 'a'", "can never hold"],
        ),
        (
            (
                step("a", when='learner.site == "Bonn"'),
                step("b", "a", when='learner.site == "Kiel"'),
            ),
            ["never reached", "step 'b'", "a exclude each other"],
        ),
    ],
)
def test_what_cannot_be_walked_is_refused_by_name(steps, words):
    with pytest.raises(InvalidValueError) as caught:
        check_pathway(pathway(*steps))
    for word in words:
        assert word in caught.value.detail


def test_an_entry_point_must_be_a_step():
    with pytest.raises(InvalidValueError, match="entry point names 'x'"):
        check_pathway(pathway(step("a"), entry_points=(EntryPoint(step_id="x"),)))


def test_a_circle_is_listed():
    with pytest.raises(CycleError, match="a → c → b → a"):
        check_pathway(pathway(step("a", "c"), step("b", "a"), step("c", "b")))


def test_a_step_that_requires_itself_is_a_circle():
    with pytest.raises(CycleError, match="a → a"):
        check_pathway(pathway(step("a", "a")))


@pytest.mark.parametrize(
    ("source", "never"),
    [
        ("false", True),
        ('false && learner.x == "y"', True),
        ("tenure_days > 5 && tenure_days < 5", True),
        ("tenure_days >= 5 && tenure_days <= 5", False),
        ("tenure_days == 5 && tenure_days > 5", True),
        ("tenure_days == 5 && tenure_days >= 5", False),
        ('learner.a == "x" && learner.a == "y"', True),
        ('learner.a == "x" && learner.b == "y"', False),
        ('learner.a == "x" || learner.a == "y"', False),
        ('scores["m"] >= 0.8 && scores["m"] < 0.5', True),
        ('scores["m"] >= 0.8 && scores["n"] < 0.5', False),
        ("true", False),
    ],
)
def test_contradictions_are_found(source, never):
    assert never_holds(source) is never
