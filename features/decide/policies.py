"""Which policy ranks, where the asker names none."""

from features.decide.journey import Journey
from features.domain.catalogue import DEFAULT_POLICY, Catalogue, Policy


def policy_of(catalogue: Catalogue, journey: Journey) -> Policy:
    """Return the policy of a learner's pathway, else the default.

    Of several pathways the first by id counts that is not complete and names a policy. A stored
    policy called `default` stands in for the built-in one.
    """
    stored = {policy.policy_id: policy for policy in catalogue.policies}
    for standing in journey.pathways:
        policy_id = standing.index.pathway.policy_id
        if policy_id in stored and not standing.is_complete:
            return stored[policy_id]
    return stored.get(DEFAULT_POLICY) or Policy()
