"""What scoring says about one learner at one instant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the learner stands in every skill of the catalogue; all float64 unless said.

    Attributes
    ----------
    mastery
        (n_skills,), levels in [0,1]: the difficulty at which p_success is .75.
    standard_error
        (n_skills,), on the same scale.
    n_evidence
        int64, (n_skills,), judged events and direct judgements that speak to the skill.
    last_evidence_at_seconds
        (n_skills,), −inf where there is none.
    """

    mastery: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    n_evidence: NDArray[np.int64]
    last_evidence_at_seconds: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All that decide needs from the models.

    Attributes
    ----------
    affinity
        (n_modules,), in [0,1]: percentile of the collaborative and sequential score, shrunk
        towards popularity the shorter the history is.
    affinity_basis
        "history", "role" or "popularity": what the affinity mostly rests on; "none" without model.
    is_new
        bool, (n_modules,): the affinity is borrowed from modules with like content.
    p_success
        (n_modules,), in [0,1], see `mastery.p_success`.
    standing
        Mastery by skill.
    mastery_shown
        (n_skills,), mastery as it was when last shown, before anything of it faded.
    expected_mastery
        (n_pairs,), level of the pair's skill after completing the pair's module; never below the
        present mastery.
    """

    affinity: NDArray[np.float64]
    affinity_basis: str
    is_new: NDArray[np.bool_]
    p_success: NDArray[np.float64]
    standing: Standing
    mastery_shown: NDArray[np.float64]
    expected_mastery: NDArray[np.float64]
