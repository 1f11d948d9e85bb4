"""Policies on the wire; `features.policy_form` has what comes in."""

from features.forms import Id
from features.policy_form import PolicyForm
from service.schemas.fields import View


class PolicyRow(PolicyForm):
    """A policy among many."""

    policy_id: Id


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
