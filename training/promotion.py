"""Moving the champion: through the gate forwards, and back to the one before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from features.domain.catalogue import Catalogue
from features.domain.errors import (
    ConflictError,
    GateRefusedError,
    InvalidValueError,
    NotFoundError,
    RegistryError,
    SnapshotError,
    StoreUnavailableError,
)
from features.encode.catalogue import index_catalogue
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from features.store.registry import (
    CHALLENGER,
    CHAMPION,
    FORCED_AT,
    LONGEST_TAG,
    PREVIOUS,
    PROMOTED_AT,
    ROLLED_BACK_AT,
    Registry,
)
from features.store.snapshots import read_snapshot
from training.champion import stand_beside, without_champions
from training.data_schema import schema_losses
from training.gate import (
    ALPHA,
    CALIBRATION_MARGIN,
    ECE,
    GAP_CLOSED,
    LOG_LOSS,
    NDCG,
    Check,
    HeldOutResults,
    judge,
)
from training.results import fetch_results

# Says, a sentence each, what a version (first) answers worse than another.
type Jury = Callable[[Snapshot, Snapshot], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Force:
    """Somebody's word that a version becomes champion though it fails the gate."""

    reason: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a promotion did.

    Attributes
    ----------
    version, previous
        The new champion, and the one before it.
    checks, losses
        The gate's comparisons, and what the data lost since the champion (see `schema_losses`).
    wishes
        Expectations of golden learners that it does not meet, where it meets fewer.
    beside
        Whether the champion was judged together with this version; None without a champion.
    force
        Whose word overruled the gate, where it refused; None where it did not.
    """

    version: str
    previous: str | None
    checks: tuple[Check, ...] = ()
    losses: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()
    beside: bool | None = None
    force: Force | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything that spoke against it, one sentence each."""
        failed = (_sentence(check) for check in self.checks if not check.passed)
        return (*failed, *self.losses, *self.wishes)


def promote(
    registry: Registry,
    version: str | None,
    now: datetime,
    force: Force | None = None,
    jury: Jury | None = None,
) -> Promotion:
    """Put a version to the gate and make it the champion.

    Parameters
    ----------
    registry
        Where versions are.
    version
        The challenger where None.
    now
        Written to the version's tags.
    force
        Overrules failed checks and changes of the data's schema, and is recorded in the tags;
        a snapshot that cannot be read is refused all the same.
    jury
        Golden learners; they are not asked without a champion to compare with.

    Raises
    ------
    NotFoundError
        If there is no such version, or no challenger.
    GateRefusedError
        If a check failed, or golden learners are answered worse or cannot be asked, and nobody
        forces it; the champion stays.
    SnapshotError
        If the version's snapshot cannot be read.
    RegistryError
        If its held-out results cannot be read.
    """
    chosen = version or registry.version_of(CHALLENGER)
    if chosen is None:
        raise NotFoundError("there is no challenger: `waymark train` registers one")
    registry.version(chosen)
    champion = registry.version_of(CHAMPION)
    if champion == chosen:
        return Promotion(version=chosen, previous=registry.version_of(PREVIOUS))
    promotion = _judge(registry, chosen, champion, jury)
    promotion = replace(promotion, force=force if promotion.faults else None)
    if promotion.faults and force is None:
        raise GateRefusedError(
            f"version {chosen} is not promoted:\n"
            + "\n".join(f"  {fault}" for fault in promotion.faults)
            + "\nIf it has to be, `waymark promote --force --reason TEXT` overrules this and is "
            "recorded."
        )
    _record(registry, promotion, now)
    _move(registry, chosen, champion, now)
    return promotion


def rollback(registry: Registry, now: datetime) -> Promotion:
    """Make the champion before this one the champion again.

    Raises
    ------
    ConflictError
        If there was none before.
    """
    champion, previous = registry.version_of(CHAMPION), registry.version_of(PREVIOUS)
    if champion is None or previous in (None, champion):
        raise ConflictError("there is no champion before this one to go back to")
    _readable(registry, previous)
    registry.tag(previous, ROLLED_BACK_AT, now.isoformat())
    _move(registry, previous, champion, now)
    return Promotion(version=previous, previous=champion)


def _judge(registry: Registry, version: str, champion: str | None, jury: Jury | None) -> Promotion:
    """Compare a version with the champion: what it knows, what its data was, what it answers."""
    snapshot = _readable(registry, version)
    own = fetch_results(registry, version)
    if champion is None:
        results, beside = without_champions(own), None
        losses: tuple[str, ...] = ()
    else:
        results, beside = stand_beside(own, champion, _stored(registry, champion))
        losses = _losses(registry, champion, snapshot)
    return Promotion(
        version=version,
        previous=champion,
        checks=judge(results),
        losses=losses,
        wishes=_wishes(registry, champion, snapshot, jury),
        beside=beside,
    )


def _wishes(
    registry: Registry, champion: str | None, candidate: Snapshot, jury: Jury | None
) -> tuple[str, ...]:
    """Ask golden learners as replicas will: beside what they serve."""
    served = None if jury is None else _served(registry, champion)
    if jury is None or served is None:
        return ()
    try:
        return tuple(jury(candidate, served))
    except (StoreUnavailableError, InvalidValueError) as error:
        return (f"golden learners cannot be asked: {error.detail}",)


def _served(registry: Registry, champion: str | None) -> Snapshot | None:
    """Return the champion's snapshot, or that of the one before where replicas refused it."""
    if champion is not None and registry.version(champion).is_refused:
        champion = registry.version_of(PREVIOUS)
    try:
        return None if champion is None else _readable(registry, champion)
    except (SnapshotError, RegistryError):
        return None  # what is lost is no measure


def _losses(registry: Registry, champion: str, candidate: Snapshot) -> tuple[str, ...]:
    try:
        return schema_losses(_readable(registry, champion), candidate)
    except (SnapshotError, RegistryError):
        # A champion that is lost has no schema left to keep to, and must not stay for it.
        return ()


def _stored(registry: Registry, champion: str) -> HeldOutResults | None:
    """Return the champion's own results; None where they are lost, which no version may pass by."""
    try:
        return fetch_results(registry, champion)
    except RegistryError:
        return None


def _record(registry: Registry, promotion: Promotion, now: datetime) -> None:
    """Tag a forced version before it becomes champion, so that no forced one is without."""
    if promotion.force is not None:
        tags = {
            FORCED_AT: now.isoformat(),
            "forced_by": promotion.force.by,
            "forced_reason": promotion.force.reason,
            "forced_against": "\n".join(promotion.faults),
        }
        for name, value in tags.items():
            registry.tag(promotion.version, name, value[:LONGEST_TAG])


def _move(registry: Registry, version: str, champion: str | None, now: datetime) -> None:
    registry.tag(version, PROMOTED_AT, now.isoformat())
    if champion is not None and not registry.version(champion).is_refused:
        registry.set_alias(PREVIOUS, champion)  # else it was not what replicas served
    registry.set_alias(CHAMPION, version)


def _readable(registry: Registry, version: str) -> Snapshot:
    """Return a version's snapshot if the service could read and bind it."""
    with TemporaryDirectory() as scratch:
        snapshot = read_snapshot(registry.fetch(version, Path(scratch) / version), version)
    bind(index_catalogue(Catalogue()), snapshot)
    return snapshot


def _sentence(check: Check) -> str:
    if check.measure == ECE:
        return (
            f"calibration error is {-check.difference:.4f} above {check.rival}'s, more than "
            f"chance and the margin of {CALIBRATION_MARGIN} explain"
        )
    name = {NDCG: "NDCG@10", LOG_LOSS: "log loss", GAP_CLOSED: "gap closed"}[check.measure]
    if check.n_unanswered:
        return (
            f"{name} has no value for {check.n_unanswered:,} learners for whom {check.rival}'s has"
        )
    if check.p_worse >= ALPHA:
        return (
            f"{name} could be compared with {check.rival}'s on {check.n_learners:,} learners only: "
            "train again, and both are judged on the same learners with the same data"
        )
    worse = {NDCG: "below", LOG_LOSS: "above", GAP_CLOSED: "below"}[check.measure]
    return (
        f"{name} is {worse} {check.rival}'s by {-check.difference:.4f} on {check.where} "
        f"(n = {check.n_learners:,}, p = {check.p_worse:.4f})"
    )
