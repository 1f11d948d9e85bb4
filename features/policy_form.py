"""How a policy is written down: the body of the API and the file of the command line."""

from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from features.domain.catalogue import TERMS, Policy
from features.forms import Form, Id, Unit, Version

WEIGHTS_TOLERANCE = 1e-6

_DEFAULT = Policy()


class PolicyForm(Form):
    """A named, versioned way to rank."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"weights": {"gap": 0.5, "affinity": 0.5}, "exploration": 0, "version": "2"}
            ]
        }
    )

    policy_id: Id | None = Field(None, description="May repeat the id of the path.")
    weights: dict[str, Unit] = Field(
        dict(_DEFAULT.weights), description="By term; absent terms weigh nothing; they sum to 1."
    )
    p_target: float = Field(
        _DEFAULT.p_target, gt=0, lt=1, description="The success probability to aim at."
    )
    p_width: float = Field(_DEFAULT.p_width, gt=0, le=1, description="How quickly `fit` falls off.")
    diversity: Unit = _DEFAULT.diversity
    exploration: Unit = Field(_DEFAULT.exploration, description="0 is deterministic.")
    refresher_cooldown_days: float = Field(_DEFAULT.refresher_cooldown_days, ge=0, le=36_500)
    snapshot: Literal["champion"] = "champion"
    version: Version | None = Field(None, description="Counted on where absent.")

    @field_validator("weights")
    @classmethod
    def _weights_are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(TERMS))
        if unknown:
            raise ValueError(f"{', '.join(unknown[:5])}: not a term; terms are {', '.join(TERMS)}")
        total = sum(weights.values())
        if abs(total - 1.0) > WEIGHTS_TOLERANCE:
            raise ValueError(f"the weights sum to {total}: they must sum to 1")
        return {term: weights.get(term, 0.0) for term in TERMS}

    def to_domain(self, policy_id: str) -> Policy:
        """Make the policy called `policy_id`."""
        columns = self.model_dump(exclude={"policy_id", "version"})
        return Policy(policy_id=policy_id, version=self.version or _DEFAULT.version, **columns)
