"""The foremost of many modules."""

import numpy as np
from numpy.typing import NDArray


def foremost(rows: NDArray[np.int64], score: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return up to `most` of the rows, highest score first, ties in order of rows.

    Parameters
    ----------
    rows
        int64, (n,), ascending.
    score
        float64, (n,), of those rows.
    most
        At least 1.
    """
    if len(rows) > most:
        least = np.partition(score, len(rows) - most)[len(rows) - most]
        # All that tie with the last one stay, so that the rows decide among them.
        kept = (score >= least).nonzero()[0]
        rows, score = rows[kept], score[kept]
    return rows[np.lexsort((rows, -score))][:most]
