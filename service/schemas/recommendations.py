"""Recommendations on the wire: the question, the answer, and what people made of it."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from features.forms import Form, Id, Instant, Whole
from features.policy_form import PolicyForm
from service.schemas.fields import InstantOut, Prose, View, Word

MAX_LIMIT = 100


class GoalBody(Form):
    """What the learner works towards for now."""

    role_id: Id


class ContextBody(Form):
    """The circumstances of the request."""

    available_minutes: float | None = Field(None, gt=0, le=1_000_000)
    formats: list[Word] = Field([], max_length=100, description="Formats that suit right now.")
    goal: GoalBody | None = None
    exclude: list[Id] = Field([], max_length=1_000, description="Modules to leave out.")
    language: Word | None = Field(
        None, description="Of the words; the learner's own where absent, else English."
    )
    as_of: Instant | None = Field(
        None,
        description="Needs the scope `admin`. Rank as at this instant; what came later is ignored "
        "and nothing is recorded.",
    )


class RecommendationBody(Form):
    """A question: which module next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "learner_id": "u1",
                    "limit": 3,
                    "context": {
                        "available_minutes": 20,
                        "formats": ["video"],
                        "goal": {"role_id": "analyst"},
                        "exclude": ["m9"],
                    },
                }
            ]
        }
    )

    learner_id: Id
    limit: Whole = Field(1, ge=1, le=MAX_LIMIT, description="How many modules at most.")
    context: ContextBody | None = None
    policy: PolicyForm | None = Field(
        None,
        description="Needs the scope `admin`. A dry run with this policy; nothing is recorded.",
    )


class ServedVariantView(View):
    """An experiment this answer is part of, and the variant served."""

    experiment_id: str
    variant_id: str


class ClosingView(View):
    """What the module is expected to do to one skill; levels in [0,1]."""

    skill_id: str
    mastery: float
    expected_mastery: float
    target: float


class ReasonView(View):
    """Why, as a stable code and in words."""

    code: str
    text: str


class RecommendedModuleView(View):
    """One place of the slate; the contributions sum to the score."""

    module_id: str
    title: str
    rank: int
    tier: int
    score: float
    propensity: float
    p_success: float
    contributions: dict[str, float]
    closes: list[ClosingView]
    unlocks: list[str]
    reasons: list[ReasonView]


class WithheldView(View):
    """A module that would rank high but is locked, and what opens it."""

    module_id: str
    code: str
    text: str
    needs: list[str] = Field(
        description="Modules to be done and skills to be reached, all of them."
    )
    when: str | None = Field(description="A condition that must hold besides; null if none.")
    opens_at: InstantOut | None = Field(description="The instant to wait for; null if none.")


class RecommendationView(View):
    """The answer: a slate with its reasons, and what made it."""

    recommendation_id: str | None = Field(description="Null where nothing was recorded.")
    learner_id: str
    served_at: InstantOut
    snapshot_version: str | None
    policy_id: str
    policy_version: str
    experiments: list[ServedVariantView]
    degraded: str | None = Field(description="What the system lacks just now; null if nothing.")
    recorded: bool = Field(
        description="False for dry runs, looks back, and while the database is down."
    )
    personalised: bool = Field(
        description="False where the learner has opted out: ranked by role and popularity."
    )
    items: list[RecommendedModuleView]
    withheld: list[WithheldView]
    rules: list[str] = Field(description="Rules that held for the learner.")
    remarks: list[ReasonView] = Field(description="What of the request could not be followed.")


class FeedbackBody(Form):
    """What became of a recommended module."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "module_id": "case-study",
                    "outcome": "overridden",
                    "at": "2026-11-20T09:31:00Z",
                    "actor": "manager-7",
                    "reason": "needed for the audit next week",
                    "chosen_module_id": "audit-prep",
                }
            ]
        }
    )

    module_id: Id
    outcome: Literal["shown", "followed", "dismissed", "overridden"]
    at: Instant | None = Field(None, description="Now where absent.")
    actor: Id | None = Field(None, description="Who acted, where not the learner.")
    reason: Prose | None = None
    chosen_module_id: Id | None = Field(None, description="What was chosen instead.")


class FeedbackView(View):
    """Feedback as stored."""

    recommendation_id: str
    module_id: str
    outcome: str
    at: InstantOut
    actor: str | None
    reason: str | None
    chosen_module_id: str | None


class CandidateView(View):
    """An eligible module as it stood when the slate was drawn."""

    module_id: str
    tier: int
    score: float
    p_first: float = Field(description="Its probability of leading the slate.")
    p_success: float
    ready: float = Field(description="What soft prerequisites leave of the weighted terms.")
    terms: dict[str, float]


class RecommendationRecordView(RecommendationView):
    """An answer read back, with what it was made from and what became of it."""

    policy: dict[str, Any] = Field(description="The policy as it stood.")
    context: dict[str, Any] = Field(description="The circumstances of the request.")
    candidates: list[CandidateView] = Field(
        description="The best of the eligible modules, best first."
    )
    feedback: list[FeedbackView]
