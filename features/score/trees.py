"""Gradient-boosted regression trees as flat arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 1024


@dataclass(frozen=True, kw_only=True)
class Trees:
    """An ensemble whose prediction is the sum of one leaf a tree.

    Attributes
    ----------
    roots
        int32, (n_trees,): the node each tree starts from.
    feature
        int32, (n_nodes,): the column a node looks at; 0 in leaves.
    threshold
        float64, (n_nodes,): rows at or below it go left; inf in leaves.
    left, right
        int32, (n_nodes,): children; a leaf is its own.
    value
        float64, (n_nodes,): what a leaf adds; 0 elsewhere.
    depth
        How many steps reach every leaf.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int

    def __len__(self) -> int:
        return len(self.roots)

    def predict(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over trees, (n,), for float64 (n, n_features) without NaN."""
        total = np.zeros(len(columns))
        if len(self) == 0:
            return total
        for start in range(0, len(columns), BLOCK_ROWS):
            block = columns[start : start + BLOCK_ROWS]
            total[start : start + BLOCK_ROWS] = self._predict_block(block)
        return total

    def _predict_block(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        n, n_features = columns.shape
        flat = columns.ravel()
        first = np.arange(0, n * n_features, max(n_features, 1))[:, None]
        node = np.broadcast_to(self._roots, (n, len(self)))
        for _ in range(self.depth):
            goes_right = flat.take(first + self._feature.take(node)) > self.threshold.take(node)
            node = self._children.take(node + node + goes_right)
        return np.asarray(self.value.take(node).sum(axis=1))

    # Numbers of places as numpy takes them, so that nothing is converted on the way.

    @cached_property
    def _roots(self) -> NDArray[np.intp]:
        return self.roots.astype(np.intp)

    @cached_property
    def _feature(self) -> NDArray[np.intp]:
        return self.feature.astype(np.intp)

    @cached_property
    def _children(self) -> NDArray[np.intp]:
        """Left and right child of each node in turn."""
        return np.column_stack([self.left, self.right]).astype(np.intp).ravel()

    def scaled(self, factor: float) -> "Trees":
        """Return the ensemble with every leaf multiplied by `factor`."""
        return Trees(
            roots=self.roots,
            feature=self.feature,
            threshold=self.threshold,
            left=self.left,
            right=self.right,
            value=self.value * factor,
            depth=self.depth,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the parts by name."""
        return {
            "roots": self.roots,
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "value": self.value,
            "depth": np.array(self.depth, dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Trees":
        """Rebuild what `to_arrays` took apart."""
        return cls(
            roots=arrays["roots"],
            feature=arrays["feature"],
            threshold=arrays["threshold"],
            left=arrays["left"],
            right=arrays["right"],
            value=arrays["value"],
            depth=int(arrays["depth"]),
        )


def no_trees() -> Trees:
    """Return an ensemble that predicts 0."""
    nodes = np.zeros(0, dtype=np.int32)
    numbers = np.zeros(0)
    return Trees(
        roots=nodes,
        feature=nodes,
        threshold=numbers,
        left=nodes,
        right=nodes,
        value=numbers,
        depth=0,
    )
