"""How alike modules are in what is known of them before anyone has met them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.catalogue import CatalogueIndex
from features.encode.ids import IdMap
from features.encode.prerequisites import ModuleLinks
from features.encode.skills import ModuleSkillIndex
from features.encode.words import N_BUCKETS, index_texts

TERMS = ("skills", "words", "format", "kind", "language", "level", "linked")
# What the terms say together where training could not tell: as learned on the sample academy.
USUAL_WEIGHTS = np.array([0.13, 0.05, 0.0, 0.03, 0.02, 0.0, 0.16])
LEVEL_WIDTH = 0.15
# Modules are only alike if they share one of these; a format in common alone says nothing.
_TELLING = (0, 1, 6)
_BATCH_CELLS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class ModuleContent:
    """Modules of one catalogue, ready to be compared; `of` makes it.

    Attributes
    ----------
    parts
        For skills, words, format, kind and language, in this order: sparse rows, one a module,
        whose products are likenesses in [0,1].
    level
        float64, (n_modules,), authored difficulty, NaN where there is none.
    links
        modules_by_modules, 1 where one is a prerequisite of the other.
    """

    parts: tuple[sparse.csr_array, ...]
    level: NDArray[np.float64]
    links: sparse.csr_array

    @classmethod
    def of(cls, index: CatalogueIndex) -> "ModuleContent":
        """Describe the modules of a catalogue, rows in its order."""
        words = index_texts(index.modules)
        columns = (words.bucket, np.ones(len(words.bucket)), words.indptr)
        return cls(
            parts=(
                _skill_profiles(index.skills),
                _told_apart(columns, N_BUCKETS),
                _same([module.format for module in index.modules]),
                _same([module.kind for module in index.modules]),
                _same([module.language for module in index.modules]),
            ),
            level=index.skills.difficulty,
            links=_links(index.module_links, len(index.module_ids)),
        )

    def __len__(self) -> int:
        return len(self.level)

    def terms(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compare some modules with all: float64, (n_rows, n_modules, len(TERMS)), in [0,1]."""
        compared = np.zeros((len(rows), len(self), len(TERMS)))
        for place, part in enumerate(self.parts):
            compared[:, :, place] = (part[rows] @ part.T).toarray()
        gap = (self.level[rows][:, None] - self.level[None, :]) / LEVEL_WIDTH
        compared[:, :, -2] = np.nan_to_num(np.exp(-0.5 * gap**2), nan=0.0)
        compared[:, :, -1] = self.links[rows].toarray()
        return compared

    def nearest(
        self,
        rows: NDArray[np.int64],
        among: NDArray[np.bool_],
        weights: NDArray[np.float64],
        n: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the modules most like each of `rows`.

        Parameters
        ----------
        rows
            int64, (n_rows,).
        among
            bool, (n_modules,): those to be found.
        weights
            float64, (len(TERMS),), ≥ 0: what each term says.
        n
            How many.

        Returns
        -------
        neighbours
            int32, (n_rows, n), most alike first; −1 where there are fewer.
        shares
            float64, (n_rows, n): likenesses divided by their sum, 0 where there is no neighbour.
        """
        neighbours = np.full((len(rows), n), -1, dtype=np.int32)
        shares = np.zeros((len(rows), n))
        size = max(1, _BATCH_CELLS // max(len(self) * len(TERMS), 1))
        for first in range(0, len(rows), size):
            span = slice(first, first + size)
            terms = self.terms(rows[span])
            likeness = terms @ weights
            likeness[:, ~among] = 0.0
            likeness[~(terms[:, :, _TELLING] > 0).any(axis=2)] = 0.0
            best = np.argsort(-likeness, axis=1, kind="stable")[:, :n]
            found = np.take_along_axis(likeness, best, axis=1)
            width = best.shape[1]
            neighbours[span, :width] = np.where(found > 0, best, -1)
            total = found.sum(axis=1, keepdims=True)
            shares[span, :width] = found / np.where(total > 0, total, 1.0)
        return neighbours, shares


def _skill_profiles(index: ModuleSkillIndex) -> sparse.csr_array:
    return _told_apart((index.skill, index.weight, index.indptr), len(index.skill_ids))


def _told_apart(
    rows: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]], n_columns: int
) -> sparse.csr_array:
    """Return rows of unit length in which what few modules have weighs more.

    References
    ----------
    Spärck Jones (1972), "A statistical interpretation of term specificity".
    """
    column, weight, indptr = rows
    n = len(indptr) - 1
    rarity = np.log((n + 1.0) / (np.bincount(column, minlength=n_columns) + 1.0))
    values = weight * rarity[column]
    row = np.repeat(np.arange(n), np.diff(indptr))
    length = np.sqrt(np.bincount(row, values**2, minlength=n))
    values /= np.where(length > 0, length, 1.0)[row]
    return sparse.csr_array((values, column, indptr), shape=(n, n_columns))


def _same(words: Iterable[str | None]) -> sparse.csr_array:
    """Return rows whose products are 1 where both modules have the same word, else 0."""
    words = list(words)
    ids = IdMap(sorted({word for word in words if word}))
    column = ids.positions(word or "" for word in words)
    known = column >= 0
    indptr = np.concatenate([[0], np.cumsum(known)])
    shape = (len(words), max(len(ids), 1))
    return sparse.csr_array((np.ones(int(known.sum())), column[known], indptr), shape=shape)


def _links(links: ModuleLinks, n_modules: int) -> sparse.csr_array:
    there = links.requires >= 0
    pair = (links.module[there], links.requires[there])
    one_way = sparse.coo_array((np.ones(len(pair[0])), pair), shape=(n_modules, n_modules)).tocsr()
    return sparse.csr_array(((one_way + one_way.T) > 0).astype(np.float64))
