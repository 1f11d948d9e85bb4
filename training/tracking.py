"""Runs in MLflow: what was trained from what, with which result."""

import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from itertools import batched
from pathlib import Path
from time import time
from typing import Any

from features.store.registry import Registry

UNKNOWN = "unknown"
MOST_PARAMETERS, MOST_METRICS = 100, 1000  # MLflow takes so many at a time
NOT_IN_NAMES = re.compile(r"[^\w\-. :/]", re.ASCII)
PACKAGES = ("numpy", "scipy", "scikit-learn", "implicit", "threadpoolctl", "mlflow")


class Run:
    """One MLflow run while it is open."""

    def __init__(self, client: Any, run_id: str) -> None:
        self._client = client
        self.run_id = run_id

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings get dotted names."""
        from mlflow.entities import Param  # noqa: PLC0415 - seconds of import

        logged = [Param(name, str(value)) for name, value in flatten(parameters).items()]
        for some in batched(logged, MOST_PARAMETERS):
            self._client.log_batch(self.run_id, params=some)

    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Log every number of a (nested) mapping under its dotted name; the rest is left out.

        Characters that MLflow does not take in a name become underscores.
        """
        from mlflow.entities import Metric  # noqa: PLC0415 - seconds of import

        instant = int(time() * 1000)
        logged = [
            Metric(NOT_IN_NAMES.sub("_", name), float(value), instant, 0)
            for name, value in flatten(metrics).items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        for some in batched(logged, MOST_METRICS):
            self._client.log_batch(self.run_id, metrics=some)

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag of the run."""
        self._client.set_tag(self.run_id, name, value)

    def log_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a file with the run."""
        self._client.log_artifact(self.run_id, str(path), folder)


@contextmanager
def open_run(
    registry: Registry, name: str, tags: Mapping[str, str], run_id: str | None = None
) -> Iterator[Run]:
    """Open a run, or an earlier one again.

    It ends FINISHED, KILLED where the user stopped it, or FAILED where an exception left the block.
    """
    client = registry.client
    if run_id is None:
        made = client.create_run(registry.experiment_id(), run_name=name, tags=dict(tags))
        run_id = str(made.info.run_id)
    else:
        client.update_run(run_id, status="RUNNING")
    run = Run(client, run_id)
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        client.set_terminated(run.run_id, status)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into one, joining names with dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def code_version(root: Path) -> dict[str, str]:
    """Return the git revision (with `+changes` where files differ) and the lock file's hash."""
    lock = root / "requirements.lock"
    return {
        "git_revision": _revision(root),
        "lock_hash": sha256(lock.read_bytes()).hexdigest() if lock.exists() else UNKNOWN,
    }


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _revision(root: Path) -> str:
    try:
        revision = _git(root, "rev-parse", "HEAD")
        return f"{revision}+changes" if _git(root, "status", "--porcelain") else revision
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", str(root), *words],  # noqa: S607 - git is wherever the user has it
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
