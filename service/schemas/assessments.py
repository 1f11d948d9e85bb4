"""Pre-assessments on the wire."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from features.forms import Form, Id, Unit, Whole
from service.schemas.fields import View

MAX_SKILLS = 50
DEFAULT_QUESTIONS = 20
DEFAULT_STANDARD_ERROR = 0.4


class AssessmentBody(Form):
    """Whom to assess, and in what: some skills, or all that a role asks for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"learner_id": "u1", "skill_ids": ["accounting"]}]}
    )

    learner_id: Id
    skill_ids: list[Id] | None = Field(None, min_length=1, max_length=MAX_SKILLS)
    role_id: Id | None = None
    max_questions: Whole = Field(DEFAULT_QUESTIONS, ge=1, le=200)
    standard_error: float = Field(
        DEFAULT_STANDARD_ERROR, gt=0, le=10, description="In logits: a skill is settled then."
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if (self.skill_ids is None) == (self.role_id is None):
            raise ValueError("give either skill_ids or role_id")
        return self


class AnswerBody(Form):
    """How the open question was answered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"module_id": "accounting-q1", "success": True}]}
    )

    module_id: Id
    success: bool | None = None
    score: Unit | None = None

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.success is None and self.score is None:
            raise ValueError("give either success or score")
        return self


class NextQuestionView(View):
    """The question to ask."""

    module_id: str


class SkillLevelView(View):
    """What is known of a skill: a level in [0,1] and its standard error, in levels."""

    level: float
    standard_error: float


class EntryView(View):
    """Where the learner may begin on a pathway now."""

    pathway_id: str
    step_ids: list[str]


class AssessmentView(View):
    """An assessment as it stands."""

    assessment_id: str
    learner_id: str
    next: NextQuestionView | None = Field(description="Null once it has ended.")
    levels: dict[str, SkillLevelView]
    n_answers: int
    done: bool
    waived: list[str] = Field(description="Modules the learner need not take; empty before.")
    entry_points: list[EntryView] = Field(description="Once it has ended.")
