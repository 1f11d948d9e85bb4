"""Domain objects as JSON documents, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from features.domain.catalogue import (
    EntryPoint,
    Milestone,
    Pathway,
    PathwayStep,
    Policy,
    Rule,
)
from features.domain.experiment import Experiment
from features.domain.instants import write_instant

_EXPERIMENTS = TypeAdapter(Experiment)


def to_document(value: Any) -> Any:
    """Return `value` as JSON has it: objects, lists, ISO 8601 instants; sets are sorted lists."""
    if is_dataclass(value):
        return {f.name: to_document(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_document(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [to_document(one) for one in value]
    if isinstance(value, datetime):
        return write_instant(value)
    return value


def pathway_from(document: Mapping[str, Any]) -> Pathway:
    """Return the pathway whose document this is."""
    return Pathway(
        **{
            **document,
            "steps": tuple(_step_from(step) for step in document["steps"]),
            "entry_points": tuple(EntryPoint(**point) for point in document["entry_points"]),
        }
    )


def _step_from(document: Mapping[str, Any]) -> PathwayStep:
    milestone = document["milestone"]
    return PathwayStep(
        **{
            **document,
            "any_of": tuple(document["any_of"]),
            "requires": tuple(document["requires"]),
            "milestone": None if milestone is None else Milestone(**milestone),
        }
    )


def rule_from(document: Mapping[str, Any]) -> Rule:
    """Return the rule whose document this is."""
    lists = {name: tuple(document[name]) for name in ("assign", "require", "exclude", "boost")}
    return Rule(**{**document, **lists})


def policy_from(document: Mapping[str, Any]) -> Policy:
    """Return the policy whose document this is."""
    return Policy(**document)


def experiment_from(document: Mapping[str, Any]) -> Experiment:
    """Return the experiment whose document this is."""
    return _EXPERIMENTS.validate_python(document)
