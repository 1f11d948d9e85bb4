"""Drift from a version of the registry."""

from pathlib import Path
from tempfile import TemporaryDirectory

from features.store.registry import Registry
from features.store.snapshots import read_snapshot
from training.drift.measure import Drift, measure_drift
from training.drift.reference import read_reference
from training.histories.data import TrainingData
from training.results import fetch_results


def drift_from(
    registry: Registry, version: str, data: TrainingData, *, all_if_none_newer: bool
) -> Drift:
    """Measure drift of data from what a version was trained on; see `measure_drift`.

    Raises
    ------
    RegistryError
        If the profile of its data or its held-out results cannot be read.
    SnapshotError
        If its snapshot cannot be read.
    NotFoundError
        If nothing has happened since.
    """
    reference = read_reference(registry, version)
    with TemporaryDirectory() as scratch:
        snapshot = read_snapshot(registry.fetch(version, Path(scratch) / version), version)
    held_out = fetch_results(registry, version)
    return measure_drift(data, reference, snapshot, held_out, all_if_none_newer=all_if_none_newer)
