"""Forms: what their senders may write, and what they mean by it."""

import pytest
from pydantic import Field, ValidationError

from features.experiment_form import ExperimentForm
from features.forms import Form, Whole
from features.policy_form import PolicyForm
from service.schemas.assessments import AnswerBody
from service.schemas.catalogue import ModuleBody
from service.schemas.history import EventRow
from service.schemas.learners import LearnerBody
from service.schemas.pathways import PathwayBody
from service.schemas.recommendations import RecommendationBody

STEPS = [{"step_id": "a", "module_id": "m"}]
PATHWAY = {"goal": {"role_id": "r"}, "steps": STEPS}
EXPERIMENT = {"hypothesis": "h", "variants": []}


class Sample(Form):
    """A field of each kind."""

    needed: str
    free: str | None = None
    some: list[str] = Field([], description="Of some.")
    count: Whole = Field(1, ge=1, le=3)


@pytest.mark.parametrize(
    ("form", "given"),
    [
        (ModuleBody, {}),
        (LearnerBody, {}),
        (PolicyForm, {}),
        (PathwayBody, PATHWAY),
        (RecommendationBody, {"learner_id": "u"}),
        (ExperimentForm, EXPERIMENT),
    ],
)
def test_null_says_the_same_as_a_field_left_out(form, given):
    nulls = {name: None for name in form.model_fields if name not in given}
    assert form.model_validate(given | nulls) == form.model_validate(given)


def test_null_in_the_place_of_what_is_needed_is_refused():
    with pytest.raises(ValidationError, match="needed"):
        Sample.model_validate({"needed": None})


def test_the_schema_tells_what_may_be_null():
    fields = Sample.model_json_schema()["properties"]
    assert fields["needed"]["type"] == "string"
    for name in ("free", "some", "count"):
        assert {"type": "null"} in fields[name]["anyOf"]
    assert fields["some"]["description"] == "Of some."
    assert fields["count"]["default"] == 1


@pytest.mark.parametrize("value", [2.5, 4.0, True, "2", float("inf")])
def test_what_is_no_whole_number_in_bounds_is_refused(value):
    with pytest.raises(ValidationError, match="count"):
        Sample(needed="", count=value)


def test_whole_numbers_may_have_a_fraction_of_zero():
    event = {"learner_id": "u", "module_id": "m", "event": "passed", "at": 17}
    assert EventRow.model_validate(event | {"attempt": 2.0}).attempt == 2
    assert RecommendationBody.model_validate({"learner_id": "u", "limit": 3.0}).limit == 3
    assert ExperimentForm.model_validate(EXPERIMENT | {"planned_n": 100.0}).planned_n == 100


@pytest.mark.parametrize(("version", "text"), [(2, "2"), (1.5, "1.5"), ("2026-a", "2026-a")])
def test_versions_may_be_numbers(version, text):
    for form, given in ((ModuleBody, {}), (PolicyForm, {}), (PathwayBody, PATHWAY)):
        assert form.model_validate(given | {"version": version}).version == text


def test_a_truth_value_is_no_version():
    with pytest.raises(ValidationError, match="version"):
        ModuleBody.model_validate({"version": True})


def test_an_answer_may_tell_both_success_and_score():
    both = AnswerBody.model_validate({"module_id": "q", "success": True, "score": 0.8})
    assert (both.success, both.score) == (True, 0.8)
    with pytest.raises(ValidationError, match="give either success or score"):
        AnswerBody.model_validate({"module_id": "q"})
