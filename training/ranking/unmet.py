"""Fitting on the modules somebody met, and laying the result out over the whole catalogue."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences
from features.score.ranking.factors import FactorFoldIn
from features.score.ranking.model import RankingModel
from features.score.ranking.pairs import PairTransitions
from features.score.ranking.waits import Waits
from features.score.ranking.weights import TopWeights


def renumber(sequences: Sequences, met: NDArray[np.integer]) -> Sequences:
    """Return the sequences with modules numbered by their place in `met`, ascending."""
    module = np.searchsorted(met, sequences.module).astype(np.int32)
    return replace(sequences, module=module)


def lay_out(model: RankingModel, met: NDArray[np.integer], n_modules: int) -> RankingModel:
    """Return a model of `n_modules` from one of the modules `met`; the others score nothing.

    Parameters
    ----------
    model
        Its module i is module met[i] of the result.
    met
        (model.n_modules,), ascending.
    n_modules
        Size of the catalogue.
    """
    if len(met) == n_modules:
        return model
    own = model.module_features
    return replace(
        model,
        popularity=_rows(model.popularity, met, n_modules),
        matrices={
            name: TopWeights(
                column=_rows(met[weights.column].astype(np.int32), met, n_modules),
                weight=_rows(weights.weight, met, n_modules),
            )
            for name, weights in model.matrices.items()
        },
        factors=None if model.factors is None else _factors(model.factors, met, n_modules),
        pairs=tuple(_pairs(pairs, met, n_modules) for pairs in model.pairs),
        module_features=None if own is None else _rows(own, met, n_modules),
        waits=None if model.waits is None else _waits(model.waits, met, n_modules),
    )


def _rows[T: np.generic](array: NDArray[T], met: NDArray[np.integer], n_modules: int) -> NDArray[T]:
    laid_out = np.zeros((n_modules, *array.shape[1:]), dtype=array.dtype)
    laid_out[met] = array
    return laid_out


def _factors(factors: FactorFoldIn, met: NDArray[np.integer], n_modules: int) -> FactorFoldIn:
    return replace(factors, factors=_rows(factors.factors, met, n_modules))


def _waits(waits: Waits, met: NDArray[np.integer], n_modules: int) -> Waits:
    return Waits(
        of_module=_rows(waits.of_module, met, n_modules),
        column=_rows(met[waits.column].astype(np.int32), met, n_modules),
        of_pair=_rows(waits.of_pair, met, n_modules),
    )


def _pairs(pairs: PairTransitions, met: NDArray[np.integer], n_modules: int) -> PairTransitions:
    """Give pairs their numbers in the catalogue; their order stays, since `met` ascends."""
    wide = met.astype(np.int64)
    first, second = np.divmod(pairs.pair, pairs.n_modules)
    return replace(
        pairs,
        n_modules=n_modules,
        pair=wide[first] * n_modules + wide[second],
        column=met[pairs.column].astype(np.int32),
    )
