"""The words that describe a module, hashed.

Before anyone has tried it they tell its difficulty, and which modules it is like.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.domain.catalogue import Module

N_BUCKETS = 4096
MAX_WORDS = 12

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class ModuleWords:
    """Modules by word buckets in compressed rows.

    Attributes
    ----------
    indptr
        int64, (n_modules + 1,): buckets of module i are bucket[indptr[i]:indptr[i + 1]].
    bucket
        int32, in [0, `N_BUCKETS`), each at most once a module.
    """

    indptr: NDArray[np.int64]
    bucket: NDArray[np.int32]

    def matrix(self) -> sparse.csr_array:
        """Return modules_by_buckets with rows of unit length (all zero where no word is known)."""
        lengths = np.diff(self.indptr)
        values = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
        shape = (len(lengths), N_BUCKETS)
        return sparse.csr_array((values, self.bucket, self.indptr), shape=shape)


def index_words(modules: Sequence[Module]) -> ModuleWords:
    """Hash title, format and kind of each module, rows in their order."""
    rows = [_buckets(module) for module in modules]
    return ModuleWords(
        indptr=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        bucket=np.array([bucket for row in rows for bucket in row], dtype=np.int32),
    )


def index_texts(modules: Sequence[Module]) -> ModuleWords:
    """Hash the words of title and description of each module, rows in their order."""
    texts = (f"{module.title} {module.description or ''}".lower() for module in modules)
    rows = [sorted(set(map(_bucket, _WORD.findall(text)))) for text in texts]
    return ModuleWords(
        indptr=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        bucket=np.array([bucket for row in rows for bucket in row], dtype=np.int32),
    )


def no_words(n_modules: int) -> ModuleWords:
    """Return an index in which nothing is known of any module."""
    return ModuleWords(
        indptr=np.zeros(n_modules + 1, dtype=np.int64), bucket=np.zeros(0, dtype=np.int32)
    )


def _buckets(module: Module) -> list[int]:
    """Hash words and pairs of words: "final" may mean one thing beside "maths", another alone."""
    words = [word.lower() for word in _WORD.findall(module.title)][:MAX_WORDS]
    words += [f"format={module.format}"] if module.format else []
    words += [f"kind={module.kind}"] if module.kind else []
    words = sorted(set(words))
    terms = words + [f"{one} {other}" for one, other in combinations(words, 2)]
    return sorted(set(map(_bucket, terms)))


def _bucket(term: str) -> int:
    return crc32(term.encode()) % N_BUCKETS
