"""Judge models of success: every attempt of the test part, from strictly earlier ones."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.encode.log import InteractionLog
from training.success.metrics import success_metrics


class PredictsAttempts(Protocol):
    """Gives log odds of success for each row of a log, from strictly earlier rows."""

    def predict_attempts(self, log: InteractionLog) -> NDArray[np.float64]:
        """Return float64, (n_rows,)."""
        ...


def evaluate_success(
    models: Mapping[str, PredictsAttempts], log: InteractionLog, is_test: NDArray[np.bool_]
) -> dict[str, dict[str, float | int | None]]:
    """Return auc, log_loss, brier, ece and n_attempts of every model.

    Parameters
    ----------
    models
        By name, in the order of the log's modules.
    log
        All that was known of the test learners: rows before an attempt inform its prediction,
        whether they are of the test part or not.
    is_test
        bool, (n_rows,): rows to judge; those that are no attempt are passed over.
    """
    rows = is_test & (log.success >= 0)
    success = log.success[rows].astype(np.float64)
    return {
        name: success_metrics(success, model.predict_attempts(log)[rows])
        for name, model in models.items()
    }
