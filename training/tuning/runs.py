"""The MLflow runs of a study: one parent, and a nested run for each trial."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from features.store.registry import Registry
from training.tracking import Run, open_run

PARENT_TAG = "mlflow.parentRunId"
STOPPED_EARLY_TAG = "stopped_early"


def known_run(registry: Registry, run_id: str | None) -> str | None:
    """Return the run where the tracking store still knows it, else None."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - seconds of import

    if run_id is None:
        return None
    try:
        found = registry.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run_id if found.info.lifecycle_stage == "active" else None


def end_unfinished(registry: Registry, parent_id: str) -> None:
    """End the nested runs that a killed process left running."""
    for run_id in _running_below(registry, parent_id):
        registry.client.set_terminated(run_id, "KILLED")


def trial_run(registry: Registry, parent_id: str, number: int) -> AbstractContextManager[Run]:
    """Open the run of a trial, nested in that of its study."""
    return open_run(registry, f"trial {number}", {PARENT_TAG: parent_id, "trial": str(number)})


def _running_below(registry: Registry, parent_id: str) -> Iterator[str]:
    found = registry.client.search_runs(
        [registry.experiment_id()],
        filter_string=f"tags.`{PARENT_TAG}` = '{parent_id}' and attributes.status = 'RUNNING'",
    )
    yield from (str(run.info.run_id) for run in found)
