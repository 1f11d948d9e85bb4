"""Gradient boosting on top of a logistic model: trees that correct its log odds.

Each stage takes a Newton step in function space: regression trees are fitted to the working
residual (success − p)/(p(1 − p)) with weights p(1 − p). The trees do not see a module's
difficulty, so log odds stay linear in it and mastery keeps its closed form.

References
----------
Friedman, J., Hastie, T. & Tibshirani, R. (2000). Additive logistic regression. (LogitBoost)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from features.encode.ability import sigmoid
from features.score.trees import Trees, no_trees
from training.success.settings import BoostingSettings

TREES_PER_STAGE = 5
MAX_EDGES = 200
SMALLEST_WEIGHT = 1e-4


@dataclass(frozen=True, kw_only=True)
class LabelledColumns:
    """Signals, outcomes and the logits of the model to correct."""

    columns: NDArray[np.float64]
    success: NDArray[np.float64]
    logits: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Trees and a constant to add to the logits."""

    trees: Trees
    constant: float


def fit_boosting(
    train: LabelledColumns, valid: LabelledColumns, settings: BoostingSettings, seed: int
) -> Correction:
    """Grow trees while log loss on `valid` falls; empty where it never does."""
    logits, valid_logits = train.logits.copy(), valid.logits.copy()
    edges = _edges(train.columns)
    codes = _codes(train.columns, edges)
    parts: list[Trees] = []
    constants: list[float] = []
    best, n_best = _log_loss(valid.success, valid_logits), 0
    for stage in range(settings.max_stages):
        p = sigmoid(logits)
        weight = np.maximum(p * (1.0 - p), SMALLEST_WEIGHT)
        regressor = HistGradientBoostingRegressor(
            max_iter=TREES_PER_STAGE,
            learning_rate=settings.learning_rate,
            max_depth=settings.max_depth,
            min_samples_leaf=settings.min_samples_leaf,
            l2_regularization=settings.l2_regularization,
            early_stopping=False,
            random_state=seed + stage,
        )
        residual = (train.success - p) / weight
        regressor.fit(codes, residual, sample_weight=weight)
        trees, constant = export_trees(regressor, edges)
        parts.append(trees)
        constants.append(constant)
        logits += constant + trees.predict(train.columns)
        valid_logits += constant + trees.predict(valid.columns)
        loss = _log_loss(valid.success, valid_logits)
        if loss < best:
            best, n_best = loss, stage + 1
        elif stage + 1 - n_best >= settings.patience:
            break
    return Correction(trees=concatenate(parts[:n_best]), constant=sum(constants[:n_best]))


def export_trees(
    regressor: HistGradientBoostingRegressor, edges: list[NDArray[np.float64]]
) -> tuple[Trees, float]:
    """Return an ensemble fitted on codes as arrays, and the constant it starts from.

    Parameters
    ----------
    regressor
        Fitted on columns of codes: code c says that edges[c − 1] < value ≤ edges[c].
    edges
        For each column.
    """
    # scikit-learn has no public way to read the nodes of this estimator.
    predictors = [trees[0] for trees in regressor._predictors]  # noqa: SLF001
    baseline = float(np.ravel(regressor._baseline_prediction)[0])  # noqa: SLF001
    return concatenate([_tree(predictor.nodes, edges) for predictor in predictors]), baseline


def concatenate(parts: list[Trees]) -> Trees:
    """Join ensembles into one whose prediction is the sum of theirs."""
    if not parts:
        return no_trees()
    starts = np.cumsum([0, *(len(part.value) for part in parts)])[:-1]
    shifted = list(zip(parts, starts, strict=True))
    return Trees(
        roots=np.concatenate([part.roots + start for part, start in shifted]).astype(np.int32),
        feature=np.concatenate([part.feature for part in parts]),
        threshold=np.concatenate([part.threshold for part in parts]),
        left=np.concatenate([part.left + start for part, start in shifted]).astype(np.int32),
        right=np.concatenate([part.right + start for part, start in shifted]).astype(np.int32),
        value=np.concatenate([part.value for part in parts]),
        depth=max(part.depth for part in parts),
    )


def _edges(columns: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cut every column at `MAX_EDGES` quantiles at most; binning once saves it in every stage."""
    quantiles = np.linspace(0.0, 1.0, MAX_EDGES)
    return [np.unique(np.quantile(column, quantiles, method="lower")) for column in columns.T]


def _codes(columns: NDArray[np.float64], edges: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    codes = [np.searchsorted(cuts, column) for cuts, column in zip(edges, columns.T, strict=True)]
    return np.column_stack(codes).astype(np.float64)


def _tree(nodes: NDArray[np.void], edges: list[NDArray[np.float64]]) -> Trees:
    own = np.arange(len(nodes), dtype=np.int32)
    leaf = nodes["is_leaf"].astype(bool)
    cuts = [
        np.inf if is_leaf else edges[node["feature_idx"]][int(node["num_threshold"])]
        for node, is_leaf in zip(nodes, leaf, strict=True)
    ]
    return Trees(
        roots=np.zeros(1, dtype=np.int32),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=np.array(cuts, dtype=np.float64),
        left=np.where(leaf, own, nodes["left"]).astype(np.int32),
        right=np.where(leaf, own, nodes["right"]).astype(np.int32),
        value=np.where(leaf, nodes["value"], 0.0),
        depth=int(nodes["depth"].max()),
    )


def _log_loss(success: NDArray[np.float64], logits: NDArray[np.float64]) -> float:
    return float(np.mean(np.logaddexp(0.0, logits) - success * logits))
