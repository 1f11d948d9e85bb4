"""Drift of live events against a version: its data then, and its predictions now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import NotFoundError
from features.domain.instants import EPOCH
from features.score.snapshot import Snapshot
from training.drift.compare import Movement, Verdict, adjusted, compare_profiles, worst
from training.drift.performance import Live, judge_live
from training.drift.profile import profile_rows
from training.drift.reference import Reference
from training.gate import HeldOutResults
from training.histories.data import TrainingData


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What was found.

    Attributes
    ----------
    version
        Whose training data and predictions were compared with.
    since
        The live events are those after it; None where all were compared.
    n_events, n_learners
        Of the live events.
    movements
        Everything compared.
    predictions_compared
        Whether predictions are among it; a few learners with something to predict are needed.
    """

    version: str
    since: datetime | None
    n_events: int
    n_learners: int
    movements: tuple[Movement, ...]
    predictions_compared: bool

    @property
    def verdict(self) -> Verdict:
        """The worst of any movement's."""
        return worst(self.movements)

    def to_document(self) -> Mapping[str, Any]:
        """Return it ready for JSON."""
        return {
            "version": self.version,
            "since": None if self.since is None else self.since.isoformat(),
            "n_events": self.n_events,
            "n_learners": self.n_learners,
            "verdict": self.verdict.value,
            "predictions_compared": self.predictions_compared,
            "movements": [
                {
                    "name": one.name,
                    "verdict": one.verdict.value,
                    "effect": one.effect,
                    "watch_from": one.bands[0],
                    "drifted_from": one.bands[1],
                    "p_value": one.p_value,
                    "p_holm": one.p_holm,
                    "measures": dict(one.measures),
                    "moved": one.moved,
                }
                for one in self.movements
            ],
        }


def measure_drift(
    data: TrainingData,
    reference: Reference,
    snapshot: Snapshot,
    held_out: HeldOutResults,
    *,
    all_if_none_newer: bool,
) -> Drift:
    """Compare what happened after a version's data ended with that data, and with its predictions.

    Parameters
    ----------
    data
        Whole histories, of which the newer events are live. With ordinals nothing tells newer
        events from older ones, and all are compared with all.
    reference, snapshot, held_out
        Of the version.
    all_if_none_newer
        Compare all events where none is newer, as for a folder of events of unknown age.

    Raises
    ------
    NotFoundError
        If nothing is newer and that is not allowed.
    SnapshotError
        If the snapshot does not fit this program.
    """
    rows, since = _live_rows(data, reference, all_if_none_newer=all_if_none_newer)
    then = reference.whole if since is None else reference.recent
    attributes = set(then.shares)
    now = profile_rows(data, rows, attributes)
    judged = judge_live(Live(data=data, rows=rows), snapshot, held_out)
    return Drift(
        version=reference.version,
        since=since,
        n_events=now.n_events,
        n_learners=now.n_learners,
        movements=adjusted([*compare_profiles(then, now), *judged]),
        predictions_compared=bool(judged),
    )


def _live_rows(
    data: TrainingData, reference: Reference, *, all_if_none_newer: bool
) -> tuple[NDArray[np.bool_], datetime | None]:
    newer = reference.newer(data)
    if newer.any() and reference.until_seconds is not None:
        return newer, EPOCH + timedelta(seconds=reference.until_seconds)
    untimed = reference.until_seconds is None or not data.log.is_timed
    if untimed or all_if_none_newer:
        return np.ones(len(data.log), dtype=bool), None
    ended = EPOCH + timedelta(seconds=reference.until_seconds or 0.0)
    raise NotFoundError(
        f"nothing has happened since the data of version {reference.version} ended "
        f"({ended.isoformat(timespec='seconds')}): there is nothing to compare yet. "
        "Send or import newer events first."
    )
