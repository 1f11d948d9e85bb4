"""Rules on the wire: a condition on learners, and what follows for some modules."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from features.decide.conditions import check_condition
from features.domain.catalogue import Rule
from features.domain.errors import InvalidValueError
from features.forms import Form, Id, Unit, Whole
from service.schemas.fields import View

MAX_MODULES = 1_000
CONSEQUENCES = ("assign", "require", "exclude", "boost")


def require_condition(source: str) -> str:
    """Return a condition as it came.

    Raises
    ------
    ValueError
        If it is no CEL that can be asked.
    """
    try:
        check_condition(source)
    except InvalidValueError as error:
        raise ValueError(error.detail) from error
    return source


Condition = Annotated[str, Field(min_length=1), AfterValidator(require_condition)]
ModuleIds = Annotated[list[Id], Field(max_length=MAX_MODULES)]


class ConsequencesBody(Form):
    """What a rule says of some modules."""

    assign: ModuleIds = Field([], description="Owed from the first time the rule holds.")
    require: ModuleIds = Field([], description="Mandatory as long as the rule holds.")
    exclude: ModuleIds = Field([], description="Not recommended as long as the rule holds.")
    boost: ModuleIds = Field([], description="Raised by the policy's weight of `boost`.")
    due_in_days: float | None = Field(
        None, ge=0, le=36_500, description="Of `assign`, from the first time the rule holds."
    )
    strength: Unit = Field(1.0, description="Of `boost`.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, name) for name in CONSEQUENCES):
            raise ValueError(f"a rule must {', '.join(CONSEQUENCES[:-1])} or boost some module")
        if self.due_in_days is not None and not self.assign:
            raise ValueError("due_in_days goes with assign")
        return self


class RuleBody(Form):
    """A condition in CEL on a learner, and what follows from it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "when": 'learner.department == "Sales" && tenure_days < 90.0',
                    "then": {"assign": ["accounting-basics"], "due_in_days": 30},
                }
            ]
        }
    )

    rule_id: Id | None = Field(None, description="May repeat the id of the path.")
    when: Condition = Field(
        description="CEL over learner, tenure_days, now, calendar, done, scores, evidence, "
        "mastery, sure_mastery."
    )
    then: ConsequencesBody
    active: bool = True
    priority: Whole = Field(0, ge=-1_000_000, le=1_000_000, description="The higher one prevails.")

    def to_domain(self, rule_id: str) -> Rule:
        """Make the rule called `rule_id`."""
        named = {name: tuple(dict.fromkeys(getattr(self.then, name))) for name in CONSEQUENCES}
        return Rule(
            rule_id=rule_id,
            when=self.when,
            due_in_days=self.then.due_in_days,
            strength=self.then.strength,
            active=self.active,
            priority=self.priority,
            **named,
        )


class RuleRow(RuleBody):
    """A rule among many."""

    rule_id: Id


class ConsequencesView(View):
    """What a rule says of some modules."""

    assign: list[str]
    require: list[str]
    exclude: list[str]
    boost: list[str]
    due_in_days: float | None
    strength: float


class RuleView(View):
    """A rule as it is stored."""

    rule_id: str
    when: str
    then: ConsequencesView
    active: bool
    priority: int


class RuleTrialView(View):
    """How many learners a rule would touch now."""

    n_learners: int = Field(description="Learners known.")
    n_asked: int = Field(description="Those the condition was tried on; drawn where not all.")
    n_holds: int
    n_unknown: int = Field(description="For these it cannot be told; the rule leaves them alone.")
    examples: list[str] = Field(description="Up to ten learners for whom it holds.")


def view_of(rule: Rule) -> Mapping[str, Any]:
    """Return a rule in the shape it is put in."""
    then = {name: list(getattr(rule, name)) for name in CONSEQUENCES}
    return {
        "rule_id": rule.rule_id,
        "when": rule.when,
        "then": then | {"due_in_days": rule.due_in_days, "strength": rule.strength},
        "active": rule.active,
        "priority": rule.priority,
    }
