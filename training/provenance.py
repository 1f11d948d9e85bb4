"""Where a snapshot comes from: data, settings, code and environment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from features.domain.instants import SECONDS_PER_DAY
from training.histories.data import TrainingData
from training.models import RANKING, SUCCESS, Models, Task
from training.tracking import environment, flatten


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a snapshot comes from.

    Attributes
    ----------
    trained_at, span
        When, and the first and last instant of the data, in words.
    n_rows
        Of each table.
    tags
        Data hash, seed, git revision, lock hash.
    environment
        Python and package versions.
    settings
        By half.
    learned
        Facts of the fit in words: scale, half-life, spread of gains, where most is learned,
        reliability of judges.
    """

    trained_at: str
    span: str
    n_rows: Mapping[str, int]
    tags: Mapping[str, str]
    environment: Mapping[str, str]
    settings: Mapping[str, Any]
    learned: Mapping[str, str]


def provenance_of(task: Task, models: Models, tags: Mapping[str, str], now: datetime) -> Provenance:
    """Gather where a snapshot comes from, for its model card."""
    settings: dict[str, Any] = {}
    learned: dict[str, str] = {}
    if models.ranking is not None:
        settings[RANKING] = asdict(models.ranking.settings)
    if models.success is not None:
        fitted = models.success
        settings[SUCCESS] = asdict(fitted.settings)
        days = fitted.spread.half_life_seconds / SECONDS_PER_DAY
        anchored = "authored difficulties" if fitted.scale.is_authored else "quantiles"
        told = fitted.gain.n_completions > 0
        learned = {
            "scale": f"{fitted.scale.logits_per_level:.2f} logits a level, anchored to {anchored}",
            "half-life of evidence": "none" if np.isinf(days) else f"{days:,.0f} days",
            "gain": f"estimated for {int(told.sum()):,} modules that somebody completed",
        }
        learned["most is learned"] = (
            f"at {fitted.levels.learned_at:.0%} success; a failed attempt teaches "
            f"{fitted.levels.failed_share:.0%} of what a passed one does"
        )
        judges = fitted.levels.reliability
        if judges is not None:
            learned["judgements, stated less true, in levels"] = judges.in_words()
    return Provenance(
        trained_at=now.isoformat(timespec="seconds"),
        span=_span(task.data),
        n_rows=task.data.n_rows,
        tags=tags,
        environment=environment(),
        settings={part: flatten(values) for part, values in settings.items()},
        learned=learned,
    )


def _span(data: TrainingData) -> str:
    log = data.log
    if not log.is_timed:
        return "the order of events is known, not their instants: nothing fades with time"
    first, last = (
        datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
        for seconds in (log.at_seconds.min(), log.at_seconds.max())
    )
    return f"from {first} to {last}"
