"""What likeness of content says about which modules are taken by the same learners."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from threadpoolctl import threadpool_limits

from features.encode.sequences import Sequences
from features.score.likeness import TERMS, USUAL_WEIGHTS, ModuleContent
from training.ranking.linear import learners_by_modules

FEWEST_LEARNERS = 10
FEWEST_MODULES = 20
MOST_PROBES = 300
PROBES_AT_ONCE = 20
RIDGE = 1e-6


def learn_likeness(
    sequences: Sequences, content: ModuleContent, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Weigh the terms of likeness by how well they tell the cosine of modules over learners.

    Parameters
    ----------
    sequences
        What may be learned from.
    content
        Of the modules of `sequences`.
    rng
        Draws up to `MOST_PROBES` modules, each of which is compared with all others.

    Returns
    -------
    float64, (len(TERMS),), ≥ 0: the weights of a non-negative regression with an intercept; the
    usual ones where fewer than `FEWEST_MODULES` modules were met by `FEWEST_LEARNERS` learners.

    References
    ----------
    Lawson & Hanson (1974), "Solving least squares problems", for the method; Gantner et al. (2010),
    "Learning attribute-to-feature mappings for cold-start recommendations", for the idea.
    """
    met = np.bincount(sequences.module, minlength=len(content)).astype(np.float64)
    known = np.flatnonzero(met >= FEWEST_LEARNERS)
    if len(known) < FEWEST_MODULES:
        return USUAL_WEIGHTS
    probes = np.sort(rng.permutation(known)[:MOST_PROBES])
    rows = learners_by_modules(sequences, len(content))
    together = (rows[:, probes].T @ rows).toarray()[:, known]
    cosine = together / np.sqrt(met[probes][:, None] * met[known])
    products = np.zeros((len(TERMS) + 1, len(TERMS) + 1))
    told = np.zeros(len(TERMS) + 1)
    with threadpool_limits(1):
        for first in range(0, len(probes), PROBES_AT_ONCE):
            span = slice(first, first + PROBES_AT_ONCE)
            others = probes[span, None] != known
            terms = content.terms(probes[span])[:, known][others]
            design = np.column_stack([terms, np.ones(len(terms))])
            products += design.T @ design
            told += design.T @ cosine[span][others]
        # Terms that are constant, or that no module has, get the weight 0 and break nothing.
        products += RIDGE * np.trace(products) * np.eye(len(products))
        root = np.linalg.cholesky(products)
        weights, _ = nnls(root.T, np.linalg.solve(root, told))
    return np.asarray(weights[:-1], dtype=np.float64)
