"""Which policy ranks: the request's, the pathway's, the default's."""

from dataclasses import replace

import pytest
from academy import GREEDY, catalogue_of, event, module, request, rng, scorer_of

from features.decide.decide import decide
from features.domain.catalogue import Pathway, PathwayStep, Policy
from features.domain.history import Learner

SALES, CARE = Policy(policy_id="sales", version="3"), Policy(policy_id="care")


def pathway(pathway_id: str, module_id: str, policy_id: str | None) -> Pathway:
    return Pathway(
        pathway_id=pathway_id,
        title=pathway_id,
        goal={"role_id": "analyst"},
        steps=(PathwayStep(step_id="only", any_of=(module_id,)),),
        policy_id=policy_id,
    )


def served(*interactions, learner=None, policies=(SALES, CARE), named=None, given=("sales",)):
    pathways = tuple(pathway(f"p{k}", f"m{k}", policy_id) for k, policy_id in enumerate(given))
    catalogue = catalogue_of(*(module(f"m{k}") for k in range(3)))
    scorer = scorer_of(replace(catalogue, pathways=pathways, policies=policies))
    answer = decide(request(*interactions, learner=learner), scorer, named, rng())
    return answer.policy_id, answer.policy_version


def test_the_pathway_names_the_policy_and_the_answer_its_version() -> None:
    assert served() == ("sales", "3")


def test_the_request_comes_before_the_pathway() -> None:
    assert served(named=GREEDY) == ("default", "1")


@pytest.mark.parametrize(
    ("given", "policy_id"),
    [(("sales", "care"), "sales"), ((None, "care"), "care"), ((None, None), "default")],
)
def test_of_several_pathways_the_first_that_names_a_policy_counts(given, policy_id) -> None:
    assert served(given=given)[0] == policy_id


def test_a_completed_pathway_has_no_say() -> None:
    assert served(event("m0"), given=("sales", "care"))[0] == "care"
    assert served(event("m0"))[0] == "default"


def test_the_policies_of_other_peoples_pathways_do_not_matter() -> None:
    assert served(learner=Learner(learner_id="bo", role_id="chief"))[0] == "default"


def test_a_stored_default_stands_in_for_the_built_in_one() -> None:
    stored = replace(CARE, policy_id="default", version="9")
    assert served(given=(None,), policies=(SALES, stored)) == ("default", "9")
