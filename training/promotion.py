"""Moving the champion: through the gate forwards, and back to the one before."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from features.domain.errors import ConflictError, GateRefusedError, NotFoundError
from features.store.registry import CHALLENGER, CHAMPION, PREVIOUS, Registry
from features.store.snapshots import read_snapshot
from training.gate import CALIBRATION_MARGIN, Check, HeldOutResults, judge
from training.results import read_results
from training.train import RESULTS_FILE


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a promotion did: the new champion, the one before it, and the gate's checks."""

    version: str
    previous: str | None
    checks: tuple[Check, ...]


def promote(registry: Registry, version: str | None, now: datetime) -> Promotion:
    """Put a version to the gate and make it the champion.

    Parameters
    ----------
    registry
        Where versions are.
    version
        The challenger where None.
    now
        Written to the version's tags.

    Raises
    ------
    NotFoundError
        If there is no such version, or no challenger.
    GateRefusedError
        If a check failed; the champion stays.
    SnapshotError
        If the version's snapshot cannot be read.
    """
    chosen = version or registry.version_of(CHALLENGER)
    if chosen is None:
        raise NotFoundError("there is no challenger: `waymark train` registers one")
    registry.version(chosen)
    champion = registry.version_of(CHAMPION)
    if champion == chosen:
        return Promotion(version=chosen, previous=registry.version_of(PREVIOUS), checks=())
    _require_readable(registry, chosen)
    theirs = None if champion is None else _results(registry, champion)
    checks = judge(_results(registry, chosen), theirs)
    failed = [check for check in checks if not check.passed]
    if failed:
        raise GateRefusedError(
            f"version {chosen} is not promoted:\n" + "\n".join(map(_sentence, failed))
        )
    _move(registry, chosen, champion, now)
    return Promotion(version=chosen, previous=champion, checks=checks)


def rollback(registry: Registry, now: datetime) -> Promotion:
    """Make the champion before this one the champion again.

    Raises
    ------
    ConflictError
        If there was none before.
    """
    champion, previous = registry.version_of(CHAMPION), registry.version_of(PREVIOUS)
    if champion is None or previous is None:
        raise ConflictError("there is no champion before this one to go back to")
    _require_readable(registry, previous)
    _move(registry, previous, champion, now)
    return Promotion(version=previous, previous=champion, checks=())


def _move(registry: Registry, version: str, champion: str | None, now: datetime) -> None:
    registry.tag(version, "promoted_at", now.isoformat())
    if champion is not None:
        registry.set_alias(PREVIOUS, champion)
    registry.set_alias(CHAMPION, version)


def _results(registry: Registry, version: str) -> HeldOutResults:
    with TemporaryDirectory() as scratch:
        run_id = registry.version(version).run_id
        return read_results(registry.fetch_file(run_id, RESULTS_FILE, Path(scratch)))


def _require_readable(registry: Registry, version: str) -> None:
    with TemporaryDirectory() as scratch:
        read_snapshot(registry.fetch(version, Path(scratch) / version), version)


def _sentence(check: Check) -> str:
    if check.measure == "ece":
        return (
            f"  calibration error is {-check.difference:.4f} above {check.rival}'s, more than "
            f"chance and the margin of {CALIBRATION_MARGIN} explain"
        )
    words = {"ndcg_at_10": "NDCG@10 is below", "log_loss": "log loss is above"}
    return (
        f"  {words[check.measure]} {check.rival}'s by {-check.difference:.4f} on {check.where} "
        f"(n = {check.n_learners:,}, p = {check.p_worse:.4f})"
    )
