"""Which versions were trained with whom: every training keeps hashes of its learners' ids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import RegistryError
from features.store.registry import Registry
from features.store.tombstones import hash_of

LEARNERS_FILE = "learners.npy"
_DIGITS = 16  # of a hash, 64 bits: two of ten million learners share them with p < .00001


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """What is known of one version.

    Attributes
    ----------
    version, aliases
        As the registry has them.
    n_learners
        How many learners it was trained and judged with; None where its run did not keep that.
    n_asked
        How many of those asked about were among them.
    """

    version: str
    aliases: tuple[str, ...]
    n_learners: int | None
    n_asked: int | None


def write_learners(learner_ids: Iterable[str], path: Path) -> None:
    """Write who was in the data of a training, as hashes.

    Parameters
    ----------
    learner_ids
        Everybody in the data, held-out learners too.
    path
        A file that `lineage_of` finds as `LEARNERS_FILE` of a run.
    """
    np.save(path, _shortened(map(hash_of, learner_ids)), allow_pickle=False)


def lineage_of(registry: Registry, hashes: Iterable[str]) -> list[Lineage]:
    """Return for every version how many of some learners were in its data, the newest first.

    Parameters
    ----------
    registry
        Asked for every version and the file its run keeps.
    hashes
        Of learners, as `hash_of` makes them.

    Raises
    ------
    RegistryError
        If the registry does not answer.
    """
    asked = _shortened(hashes)
    known = registry.names()
    versions = sorted({name for name, version in known.items() if name == version}, key=int)
    return [
        _lineage(registry, version, _aliases(known, version), asked)
        for version in reversed(versions)
    ]


def _aliases(known: Mapping[str, str], version: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, each in known.items() if each == version != name))


def _lineage(
    registry: Registry, version: str, aliases: tuple[str, ...], asked: NDArray[np.uint64]
) -> Lineage:
    run_id = registry.version(version).run_id
    n_learners = n_asked = None
    with TemporaryDirectory() as scratch:
        try:
            path = registry.fetch_file(run_id, LEARNERS_FILE, Path(scratch))
        except RegistryError:  # trained before this was kept, or its run was deleted
            pass
        else:
            trained_with = np.load(path, allow_pickle=False)
            n_learners = len(trained_with)
            n_asked = int(np.isin(asked, trained_with).sum())
    return Lineage(version=version, aliases=aliases, n_learners=n_learners, n_asked=n_asked)


def _shortened(hashes: Iterable[str]) -> NDArray[np.uint64]:
    return np.unique(np.array([int(each[:_DIGITS], 16) for each in hashes], dtype=np.uint64))
