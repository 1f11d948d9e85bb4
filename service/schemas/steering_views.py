"""Pathways, rules and policies as they are answered."""

from typing import Any

from pydantic import model_validator

from features.domain.catalogue import Rule
from service.schemas.fields import View


class MilestoneView(View):
    """What reaching a step earns."""

    badge: str
    title: str


class StepView(View):
    """One step of a pathway; done when any of its modules is done."""

    step_id: str
    any_of: list[str]
    optional: bool
    requires: list[str]
    when: str | None
    milestone: MilestoneView | None


class EntryPointView(View):
    """Where some learners may start."""

    step_id: str
    when: str | None


class PathwayView(View):
    """A pathway as it is stored."""

    pathway_id: str
    title: str
    goal: dict[str, Any]
    steps: list[StepView]
    entry_points: list[EntryPointView]
    version: str


class ConsequenceView(View):
    """What follows from a rule."""

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
    then: ConsequenceView
    active: bool
    priority: int

    @model_validator(mode="before")
    @classmethod
    def _nest_consequences(cls, value: Any) -> Any:
        if not isinstance(value, Rule):
            return value
        return {
            "rule_id": value.rule_id,
            "when": value.when,
            "then": value,
            "active": value.active,
            "priority": value.priority,
        }


class PolicyView(View):
    """A policy as it is stored: its current version."""

    policy_id: str
    version: str
    weights: dict[str, float]
    p_target: float
    p_width: float
    diversity: float
    exploration: float
    refresher_cooldown_days: float
    snapshot: str
