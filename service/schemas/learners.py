"""Learners, what they owe and where they stand, on the wire."""

from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from features.domain.checks import require_storable
from features.domain.history import Assignment, Learner
from features.forms import MAX_ID_LENGTH, Form, Id, Instant
from service.schemas.fields import InstantOut, Line, View, Word, Words, WordsOut

MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_LENGTH = 1_000


def attribute_text(value: Any) -> str | None:
    """Return an attribute as the text it is kept as: numbers and truth values as in JSON.

    Raises
    ------
    ValueError
        If it is a list or an object, or too long.
    """
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, bool | int | float):
        text = orjson.dumps(value).decode()
    else:
        raise ValueError("an attribute is text, a number, true or false")
    if len(require_storable(text or "")) > MAX_ATTRIBUTE_LENGTH:
        raise ValueError(f"an attribute has at most {MAX_ATTRIBUTE_LENGTH} characters")
    return text


Attribute = Annotated[
    str | None,
    BeforeValidator(attribute_text, json_schema_input_type=str | float | bool | None),
]


class LearnerBody(Form):
    """Who learns. Fields beyond those listed are kept as attributes, as text."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "role_id": "analyst",
                    "department": "finance",
                    "language": "en",
                    "needs": ["captions"],
                    "cost_centre": "4711",
                }
            ]
        },
    )
    __pydantic_extra__: dict[str, Attribute]

    learner_id: Id | None = Field(None, description="May repeat the id of the path.")
    role_id: Id | None = None
    goal_role_id: Id | None = Field(None, description="The role the learner works towards.")
    department: Line | None = None
    location: Line | None = None
    hired_at: Instant | None = None
    language: Word | None = None
    manager_id: Id | None = None
    needs: Words = Field([], description="What modules must cover, such as captions.")
    mentor: bool = Field(False, description="Willing to help others.")
    personalised: bool | None = Field(
        None,
        description="False: served by role and popularity, whatever they did. Left out: as chosen "
        "before, at first true.",
    )

    @model_validator(mode="after")
    def _attributes_are_bounded(self) -> Self:
        if len(self.__pydantic_extra__) > MAX_ATTRIBUTES:
            raise ValueError(f"at most {MAX_ATTRIBUTES} attributes are kept")
        for name in self.__pydantic_extra__:
            if not 1 <= len(require_storable(name)) <= MAX_ID_LENGTH:
                raise ValueError(f"names of attributes have 1 to {MAX_ID_LENGTH} characters")
        return self

    def to_domain(self, learner_id: str) -> Learner:
        """Make the learner called `learner_id`."""
        return Learner(
            learner_id=learner_id,
            role_id=self.role_id,
            goal_role_id=self.goal_role_id,
            department=self.department,
            location=self.location,
            hired_at=self.hired_at,
            language=self.language,
            manager_id=self.manager_id,
            needs=frozenset(self.needs),
            mentor=self.mentor,
            personalised=self.personalised is not False,
            attributes={
                name: text for name, text in self.__pydantic_extra__.items() if text is not None
            },
        )


class LearnerRow(LearnerBody):
    """A learner among many."""

    learner_id: Id


class AssignmentBody(Form):
    """A module owed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"due_at": "2027-01-31T23:59:59Z", "reason": "yearly compliance"}]
        }
    )

    learner_id: Id | None = Field(None, description="May repeat the id of the path.")
    module_id: Id | None = Field(None, description="May repeat the id of the path.")
    due_at: Instant | None = None
    reason: Line | None = None

    def to_domain(self, learner_id: str, module_id: str) -> Assignment:
        """Make the assignment of `module_id` to `learner_id`."""
        return Assignment(
            learner_id=learner_id, module_id=module_id, due_at=self.due_at, reason=self.reason
        )


class AssignmentRow(AssignmentBody):
    """An assignment among many."""

    learner_id: Id
    module_id: Id


class LearnerView(View):
    """A learner as stored; attributes stand beside the known fields."""

    model_config = ConfigDict(extra="allow")

    learner_id: str
    role_id: str | None
    goal_role_id: str | None
    department: str | None
    location: str | None
    hired_at: InstantOut | None
    language: str | None
    manager_id: str | None
    needs: WordsOut
    mentor: bool
    personalised: bool

    @model_validator(mode="before")
    @classmethod
    def _spread_attributes(cls, value: Any) -> Any:
        if not isinstance(value, Learner):
            return value
        known = {name: getattr(value, name) for name in cls.model_fields}
        return {**value.attributes, **known}


class AssignmentView(View):
    """An assignment as stored."""

    learner_id: str
    module_id: str
    due_at: InstantOut | None
    reason: str | None


class SkillStandingView(View):
    """Where a learner stands in one skill; all levels lie in [0,1].

    `p_gap` is the probability that the true level is under the target; `asked_by` says whether
    the learner's role or goal sets the target.
    """

    skill_id: str
    name: str
    mastery: float
    standard_error: float
    n_evidence: int
    target: float | None
    gap: float | None
    p_gap: float | None
    asked_by: Literal["role", "goal"] | None
    last_evidence_at: InstantOut | None


class PersonaView(View):
    """The segment of learners one is most like by what they did, and how probably it is that."""

    persona_id: str
    name: str
    p: float


class SkillStandingsView(View):
    """Where a learner stands, skill by skill."""

    learner_id: str
    as_of: InstantOut
    snapshot_version: str | None
    persona: PersonaView | None
    skills: list[SkillStandingView]


class ErasedView(View):
    """What is left of a learner."""

    learner_id: str
    erased_at: InstantOut
