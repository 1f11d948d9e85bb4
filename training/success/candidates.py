"""The two models of success: logistic regression, and trees that correct it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.score.success import DIFFICULTY, MARGIN, N_STATE, SuccessModel
from training.success.boosting import LabelledColumns, fit_boosting
from training.success.labelled import Labelled
from training.success.metrics import log_loss
from training.success.sequels import added, fit_sequels
from training.success.settings import SuccessSettings

MIN_TO_CALIBRATE = 1_000
SMALLEST_SLOPE = 0.05


def fit_candidates(
    base: SuccessModel, train: Labelled, valid: Labelled, seed: int, settings: SuccessSettings
) -> dict[str, SuccessModel]:
    """Fit both models on `train`, their settings and calibration on `valid`.

    Parameters
    ----------
    base
        Everything but coefficients and trees.
    train, valid
        Of different learners. Without attempts in `valid` there is no boosting.
    seed
        Of the trees.
    settings
        What to choose from.
    """
    fits = [_logistic(base, train, penalty) for penalty in settings.penalties]
    if len(valid) == 0:
        return {"logistic": fits[min(1, len(fits) - 1)]}
    losses = [log_loss(valid.success, model.logits(valid.columns)) for model in fits]
    logistic = fits[int(np.argmin(losses))]
    plain = {"logistic": logistic, "boosting": _boosted(logistic, train, valid, seed, settings)}
    return {
        name: _calibrated(_with_sequels(model, train, valid, settings), valid)
        for name, model in plain.items()
    }


def log_odds(model: SuccessModel, data: Labelled) -> NDArray[np.float64]:
    """Return everything the model says of attempts at its own modules, (n,)."""
    return np.asarray(model.logits(data.columns) + added(model.sequels, data))


def _logistic(base: SuccessModel, train: Labelled, penalty: float) -> SuccessModel:
    """Fit log odds that fall with difficulty at any degree of doubt about ability.

    Where the free fit does not fall, difficulty is left to act through the margin alone.
    """
    usable = np.ptp(train.columns, axis=0) > 0
    model = _logistic_on(base, train, usable, penalty)
    if not _falls_with_difficulty(model):
        usable[DIFFICULTY] = False
        model = _logistic_on(base, train, usable, penalty)
    if _falls_with_difficulty(model):
        return model
    coefficient = model.coefficient.copy()
    coefficient[MARGIN] = 1.0
    return replace(model, coefficient=coefficient)


def _logistic_on(
    base: SuccessModel, train: Labelled, usable: NDArray[np.bool_], penalty: float
) -> SuccessModel:
    coefficient, constant = np.zeros(train.columns.shape[1]), 0.0
    n_wins = train.success.sum()
    if 0 < n_wins < len(train):
        columns = train.columns[:, usable]
        mean, spread = columns.mean(axis=0), columns.std(axis=0)
        regression = LogisticRegression(C=penalty, max_iter=1_000)
        regression.fit((columns - mean) / spread, train.success)
        coefficient[usable] = regression.coef_[0] / spread
        constant = float(regression.intercept_[0] - coefficient[usable] @ mean)
    return replace(base, coefficient=coefficient, constant=constant)


def _falls_with_difficulty(model: SuccessModel) -> bool:
    """Tell whether the slope is negative from no doubt about ability to complete doubt."""
    margin, difficulty = model.coefficient[MARGIN], model.coefficient[DIFFICULTY]
    return bool(min(margin, 0.3 * margin) - difficulty >= SMALLEST_SLOPE)


def _boosted(
    logistic: SuccessModel,
    train: Labelled,
    valid: Labelled,
    seed: int,
    settings: SuccessSettings,
) -> SuccessModel:
    correction = fit_boosting(
        _to_correct(logistic, train), _to_correct(logistic, valid), settings.boosting, seed
    )
    return replace(
        logistic, trees=correction.trees, constant=logistic.constant + correction.constant
    )


def _with_sequels(
    model: SuccessModel, train: Labelled, valid: Labelled, settings: SuccessSettings
) -> SuccessModel:
    sequels = fit_sequels(
        (train, model.logits(train.columns)), (valid, model.logits(valid.columns)), settings
    )
    return model if sequels is None else replace(model, sequels=sequels)


def _to_correct(model: SuccessModel, data: Labelled) -> LabelledColumns:
    return LabelledColumns(
        columns=data.columns[:, :N_STATE],
        success=data.success,
        logits=model.logits(data.columns),
    )


def _calibrated(model: SuccessModel, valid: Labelled) -> SuccessModel:
    """Rescale log odds to fit `valid`, where it is large enough and it helps.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines.
    """
    n_wins = valid.success.sum()
    if len(valid) < MIN_TO_CALIBRATE or min(n_wins, len(valid) - n_wins) < MIN_TO_CALIBRATE / 20:
        return model
    logits = log_odds(model, valid)
    line = LogisticRegression(C=1e4, max_iter=1_000).fit(logits[:, None], valid.success)
    slope, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
    if slope <= 0.0 or log_loss(valid.success, slope * logits + shift) >= log_loss(
        valid.success, logits
    ):
        return model
    return replace(
        model,
        coefficient=slope * model.coefficient,
        constant=slope * model.constant + shift,
        trees=model.trees.scaled(slope),
        sequels=model.sequels.scaled(slope),
    )
