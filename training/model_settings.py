"""Hyper-parameters of both halves as one JSON document: what `tune` writes and `train` takes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from features.domain.errors import InvalidValueError
from training.ranking.components import Settings as RankingSettings
from training.success.settings import SuccessSettings

FORMAT = 1
REMEDY = "`waymark tune` writes such a file; docs/models.md describes it."


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a setting may be, both ends included."""

    low: float
    high: float


POSITIVE = Range(low=1e-6, high=1e6)
COUNT = Range(low=1, high=1e9)

# By half and dotted name; a setting without an entry here cannot be given in a file.
RANGES: Mapping[str, Mapping[str, Range]] = {
    "ranking": {
        "ease_regularization": POSITIVE,
        "sequential_regularization": POSITIVE,
        "ease_dropout": Range(low=0, high=0.9),
        "sequential_dropout": Range(low=0, high=0.9),
        "transition_decay": Range(low=0, high=1),
        "longest_gap": Range(low=1, high=1000),
        "transition_shrinkage": Range(low=0, high=1e6),
        "n_kept": Range(low=1, high=100_000),
        "network.n_hidden": Range(low=1, high=4096),
        "network.n_networks": Range(low=1, high=64),
        "network.n_epochs": Range(low=1, high=1000),
        "network.fewest_steps": Range(low=1, high=100_000),
        "network.learning_rate": Range(low=1e-6, high=1),
        "network.l2": Range(low=0, high=1),
    },
    "success": {
        "penalties": POSITIVE,
        "sequel_penalties": POSITIVE,
        "min_sequel_count": COUNT,
        "max_rows": COUNT,
        "boosting.max_stages": Range(low=1, high=1000),
        "boosting.patience": Range(low=1, high=1000),
        "boosting.learning_rate": Range(low=1e-4, high=1),
        "boosting.max_depth": Range(low=1, high=16),
        "boosting.min_samples_leaf": COUNT,
        "boosting.l2_regularization": Range(low=0, high=1e6),
    },
}


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Hyper-parameters by half; None leaves a half as it is without any."""

    ranking: RankingSettings | None = None
    success: SuccessSettings | None = None


def to_document(settings: ModelSettings, tuned: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON document of settings; `tuned` says whence they come."""
    document: dict[str, Any] = {"format": FORMAT}
    for half in RANGES:
        own = getattr(settings, half)
        if own is not None:
            document[half] = asdict(own)
    return document | ({"tuned": dict(tuned)} if tuned else {})


def read_model_settings(path: Path) -> ModelSettings:
    """Read settings from a JSON file; what a half does not name keeps its default.

    Raises
    ------
    InvalidValueError
        As `read_document`.
    """
    return model_settings_of(read_document(path))


def read_document(path: Path) -> dict[str, Any]:
    """Read the document of a JSON file that holds settings.

    Raises
    ------
    InvalidValueError
        If the file cannot be read, is not such a document, names something unknown, or has a
        value of another type or outside its range; the detail says where.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidValueError(f"settings {path} cannot be read: {reason}. {REMEDY}") from error
    except ValueError as error:
        raise InvalidValueError(f"settings {path} are not JSON: {error}. {REMEDY}") from error
    try:
        model_settings_of(document)
    except InvalidValueError as error:
        raise InvalidValueError(f"settings {path}: {error.detail}. {REMEDY}") from error
    whole: dict[str, Any] = document
    return whole


def model_settings_of(document: Any) -> ModelSettings:
    """Return the settings a document holds.

    Raises
    ------
    InvalidValueError
        As `read_model_settings`.
    """
    top = _object(document, "the document")
    if top.get("format") != FORMAT:
        raise InvalidValueError(f"format is {top.get('format')!r}: it must be {FORMAT}")
    _require_known(top, {"format", "tuned", *RANGES}, "")
    return ModelSettings(
        ranking=_half("ranking", RankingSettings(), top),
        success=_half("success", SuccessSettings(), top),
    )


def leaves_of(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Return every value of (nested) settings by its dotted name."""
    leaves: dict[str, Any] = {}
    for one in fields(settings):
        value, name = getattr(settings, one.name), f"{prefix}{one.name}"
        leaves |= leaves_of(value, f"{name}.") if is_dataclass(value) else {name: value}
    return leaves


def with_leaves[S](settings: S, values: Mapping[str, Any]) -> S:
    """Return settings with other values for the dotted names given."""
    own: dict[str, Any] = {}
    below: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        first, _, rest = name.partition(".")
        if rest:
            below.setdefault(first, {})[rest] = value
        else:
            own[first] = value
    own |= {name: with_leaves(getattr(settings, name), inner) for name, inner in below.items()}
    changed: S = replace(settings, **own)  # type: ignore[type-var]
    return changed


def _half[S](half: str, default: S, document: Mapping[str, Any]) -> S | None:
    if document.get(half) is None:
        return None
    given = _flat(_object(document[half], half))
    known = leaves_of(default)
    _require_known(given, set(RANGES[half]), f"{half}.")
    values = {
        name: _checked(value, known[name], RANGES[half][name], f"{half}.{name}")
        for name, value in given.items()
    }
    return with_leaves(default, values)


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        dotted = f"{prefix}{name}"
        flat |= _flat(value, f"{dotted}.") if isinstance(value, dict) else {dotted: value}
    return flat


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValueError(f"{name} must be an object")
    return value


def _require_known(given: Mapping[str, Any], known: set[str], prefix: str) -> None:
    unknown = [f"{prefix}{name}" for name in given if name not in known]
    if unknown:
        raise InvalidValueError(
            f"{', '.join(unknown)} is unknown; known are "
            + ", ".join(f"{prefix}{name}" for name in sorted(known))
        )


def _checked(value: Any, default: Any, allowed: Range, name: str) -> Any:
    """Return the value in the default's type, or refuse it."""
    if isinstance(default, tuple):
        if not isinstance(value, list) or not value:
            raise InvalidValueError(f"{name} must be a list of numbers")
        return tuple(
            _checked(one, default[0], allowed, f"{name}[{k}]") for k, one in enumerate(value)
        )
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = "a whole number" if whole else "a number"
        raise InvalidValueError(f"{name} is {json.dumps(value)}: it must be {kind}")
    if not allowed.low <= value <= allowed.high:
        raise InvalidValueError(
            f"{name} is {value}: it must lie between {allowed.low:g} and {allowed.high:g}"
        )
    return type(default)(value)
