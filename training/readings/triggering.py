"""Whose answers a variant could have changed, worked out from the recorded candidates.

An answer is triggered where the arms, on the very candidates that were recorded, do not all most
probably lead with the same module. That is the same question in every arm, so that who is
triggered says nothing about the arm they are in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.decide.leading import leads_under
from features.domain.catalogue import DEFAULT_POLICY, Policy
from features.domain.experiment import Experiment, Pinned
from features.domain.recommendation import Candidates
from features.store.candidates import unpack
from features.store.workspace import Repositories
from training.readings.observed import NONE, Flags, Members

MOST_READ = 5_000  # answers: reading more of them takes longer than anybody waits for


@dataclass(frozen=True, kw_only=True)
class Triggering:
    """Who was triggered.

    Attributes
    ----------
    is_triggered
        bool, (n_members,); None where the log cannot say.
    n_answers
        How many answers were looked at, the first of the log.
    note
        Why the log cannot say; None where it can.
    """

    is_triggered: Flags | None
    n_answers: int
    note: str | None


def find_triggered(
    repositories: Repositories, experiment: Experiment, members: Members
) -> Triggering:
    """Find the members for whom an arm would have led with another module.

    Parameters
    ----------
    repositories
        Of one reading transaction.
    experiment
        Started: its policies are pinned.
    members
        Who is compared.
    """
    policies = _policies(experiment)
    if policies is None:
        note = (
            "Arms differ in more than the policy: what another snapshot, pathway or rule would "
            "have answered was not recorded."
        )
        return Triggering(is_triggered=None, n_answers=0, note=note)
    number_of: Mapping[str, int] = {name: k for k, name in enumerate(members.learner_ids)}
    is_triggered, n_answers = np.zeros(len(members), dtype=bool), 0
    logged = repositories.observations.logged(
        experiment_id=experiment.experiment_id, limit=MOST_READ
    )
    for _, learner_id, _, _, answer, packed in logged:
        n_answers += 1
        learner = number_of.get(learner_id, NONE)
        if learner != NONE and not is_triggered[learner]:
            is_triggered[learner] = _differs(unpack(packed), policies, len(answer["items"]))
    return Triggering(is_triggered=is_triggered, n_answers=n_answers, note=None)


def _differs(candidates: Candidates, policies: Sequence[Policy], limit: int) -> bool:
    if not candidates.module_ids:
        return False
    leads = {int(leads_under(candidates, policy, limit).argmax()) for policy in policies}
    return len(leads) > 1


def _policies(experiment: Experiment) -> list[Policy] | None:
    """Return the policy of every arm; of a control without one the default of the start."""
    policies = []
    for variant in experiment.variants:
        if variant.pinned.policy is not None:
            policies.append(variant.pinned.policy)
        elif variant.kind is None:
            policies.append(_default_policy(variant.pinned))
        else:
            return None
    return policies


def _default_policy(pinned: Pinned) -> Policy:
    stored = {policy.policy_id: policy for policy in pinned.policies or ()}
    return stored.get(DEFAULT_POLICY) or Policy()
