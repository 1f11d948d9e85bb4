"""Ranking models as named arrays, for snapshots."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.score.ranking.blend import Blend
from features.score.ranking.factors import FactorFoldIn
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.pairs import PairTransitions
from features.score.ranking.waits import Waits
from features.score.ranking.weights import Recency, TopWeights

PAIR_ARRAYS = ("pair", "indptr", "column", "weight")
WAIT_ARRAYS = ("of_module", "column", "of_pair")


def to_arrays(model: RankingModel) -> dict[str, NDArray[Any]]:
    """Turn a model into named arrays; `from_arrays` turns them back."""
    readings = model.readings
    arrays: dict[str, NDArray[Any]] = {
        "popularity": model.popularity,
        "is_timed": np.array(model.waits is not None),
        "matrices": np.array(sorted(model.matrices), dtype=np.str_),
        "readings": np.array([reading.matrix for reading in readings], dtype=np.str_),
        "recencies": np.array(
            [[r.recency.power, r.recency.decay, r.recency.only, r.base] for r in readings]
        ).reshape(len(readings), 4),
        "pairs": np.array(
            [[pairs.ordered, pairs.far, pairs.near] for pairs in model.pairs], dtype=np.int64
        ).reshape(len(model.pairs), 3),
    }
    for name, weights in model.matrices.items():
        arrays[f"matrix.{name}.column"] = weights.column
        arrays[f"matrix.{name}.weight"] = weights.weight
    for place, pairs in enumerate(model.pairs):
        arrays |= {f"pairs.{place}.{name}": getattr(pairs, name) for name in PAIR_ARRAYS}
    if model.factors is not None:
        arrays["factors"] = model.factors.factors
        settings = [model.factors.regularization, model.factors.confidence]
        arrays["factors.settings"] = np.array(settings)
    if model.blend is not None:
        fields = Blend.__dataclass_fields__
        arrays |= {f"blend.{name}": getattr(model.blend, name) for name in fields}
    if model.waits is not None:
        arrays |= {f"waits.{name}": getattr(model.waits, name) for name in WAIT_ARRAYS}
    if model.module_features is not None:
        arrays["module_features"] = model.module_features
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> RankingModel:
    """Build a model from the arrays `to_arrays` made.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    popularity = arrays["popularity"]
    return RankingModel(
        popularity=popularity,
        matrices={
            str(name): TopWeights(
                column=arrays[f"matrix.{name}.column"], weight=arrays[f"matrix.{name}.weight"]
            ).packed()
            for name in arrays["matrices"]
        },
        readings=tuple(
            Reading(
                matrix=str(matrix),
                recency=Recency(power=power, decay=decay, only=int(only)),
                base=base,
            )
            for matrix, (power, decay, only, base) in zip(
                arrays["readings"], arrays["recencies"].tolist(), strict=True
            )
        ),
        pairs=tuple(
            PairTransitions(
                n_modules=len(popularity),
                ordered=bool(ordered),
                far=far,
                near=near,
                **{name: arrays[f"pairs.{place}.{name}"] for name in PAIR_ARRAYS},
            )
            for place, (ordered, far, near) in enumerate(arrays["pairs"].tolist())
        ),
        factors=_factors(arrays),
        blend=_blend(arrays),
        module_features=arrays.get("module_features"),
        waits=_waits(arrays) if arrays["is_timed"] else None,
    )


def _factors(arrays: Mapping[str, NDArray[Any]]) -> FactorFoldIn | None:
    if "factors" not in arrays:
        return None
    regularization, confidence = arrays["factors.settings"].tolist()
    return FactorFoldIn(
        factors=arrays["factors"], regularization=regularization, confidence=confidence
    )


def _waits(arrays: Mapping[str, NDArray[Any]]) -> Waits:
    return Waits(**{name: arrays[f"waits.{name}"] for name in WAIT_ARRAYS})


def _blend(arrays: Mapping[str, NDArray[Any]]) -> Blend | None:
    if "blend.mean" not in arrays:
        return None
    return Blend(**{name: arrays[f"blend.{name}"] for name in Blend.__dataclass_fields__})
