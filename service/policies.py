"""How versions of policies are numbered."""

from dataclasses import replace

from features.decide.impersonal import IMPERSONAL
from features.domain.catalogue import Policy
from features.domain.errors import NotFoundError
from features.policy_form import PolicyForm
from features.store.catalogue import CatalogueRepository
from service.problems import InvalidFieldsError


def number_policy(catalogue: CatalogueRepository, body: PolicyForm, policy_id: str) -> Policy:
    """Make a policy; without a version of its own it gets the next number if it says anything new.

    Raises
    ------
    InvalidFieldsError
        If no version is given and the current one is not a number to count on from, or the id is
        that of the policy for learners who have opted out of personalisation.
    """
    if policy_id == IMPERSONAL.policy_id:
        raise InvalidFieldsError({"policy_id": f"{policy_id!r} is taken: choose another."})
    policy = body.to_domain(policy_id)
    if body.version is not None:
        return policy
    try:
        current = catalogue.get_policy(policy_id)
    except NotFoundError:
        return policy
    if replace(policy, version=current.version) == current:
        return current
    if not current.version.isdecimal():
        raise InvalidFieldsError(
            {"version": f"It is needed: version {current.version!r} has no next number."}
        )
    return replace(policy, version=str(int(current.version) + 1))
