"""Which of the recorded candidates another policy would have led with, and how probably."""

import numpy as np
from numpy.typing import NDArray

from features.decide.slate import POOL_SIZE, leading_probabilities
from features.decide.terms import fit_of, weighed
from features.domain.catalogue import Policy
from features.domain.recommendation import Candidates


def leads_under(
    candidates: Candidates, policy: Policy, limit: int = POOL_SIZE
) -> NDArray[np.float64]:
    """Return each candidate's probability of leading the slate, had another policy drawn it.

    Parameters
    ----------
    candidates
        As they were recorded: terms, readiness, p_success and tier do not hang on the policy,
        except `fit`, which is worked out anew.
    policy
        The other policy. Its cooldown of refreshers is not heeded: what it would have made
        eligible besides was not recorded.
    limit
        Places that were asked for; more than `POOL_SIZE` widen the pool that is drawn from.

    Returns
    -------
    ndarray
        float64, (n,), in the order of the candidates, summing to 1; empty without candidates.
    """
    n = len(candidates.module_ids)
    if n == 0:
        return np.zeros(0)
    terms = {term: np.asarray(values) for term, values in candidates.terms.items()}
    terms["fit"] = fit_of(np.array(candidates.p_success), policy)
    score = weighed(terms, np.array(candidates.ready), policy)
    tier = np.array(candidates.tier, dtype=np.int8)
    order = np.lexsort((np.array(candidates.module_ids), -score, tier))
    p_first = np.empty(n)
    p_first[order] = leading_probabilities(tier[order], score[order], limit, policy.exploration)
    return p_first
