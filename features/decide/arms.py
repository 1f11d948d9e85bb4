"""What a learner is served in experiments: models, catalogue and policy; tier 0 stays apart."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from features.decide.assignment import Placement
from features.decide.case import Scoring
from features.decide.decide import decide
from features.decide.terms import seconds_needed
from features.domain.catalogue import Pathway, Policy, Rule
from features.domain.experiment import Component, Experiment, Variant
from features.domain.instants import SECONDS_PER_DAY
from features.domain.recommendation import (
    Candidates,
    DecisionRequest,
    Recommendation,
    RecommendedModule,
)
from features.encode.catalogue import CatalogueIndex
from features.encode.pathways import index_pathways
from features.encode.rules import index_rules


def policy_of_arm(placements: Sequence[Placement]) -> Policy | None:
    """Return the policy that a variant names, None where none does."""
    named = (_variant(each).pinned.policy for each in placements)
    return next((policy for policy in named if policy is not None), None)


def snapshot_of_arm(placements: Sequence[Placement]) -> str | None:
    """Return the version of the snapshot that a variant names, None where none does."""
    named = (_variant(each).pinned.snapshot for each in placements)
    return next((version for version in named if version is not None), None)


def rearranges(placement: Placement) -> bool:
    """Tell whether a variant has a catalogue of its own: other rules, pathways or policies."""
    own = _variant(placement).pinned
    return any(part is not None for part in (own.rules, own.pathway, own.policies))


def arrange(index: CatalogueIndex, placements: Sequence[Placement]) -> CatalogueIndex:
    """Return the catalogue as the variants have it.

    Of the rules and pathways that the variants of an experiment name, those of the learner's own
    variant are on, whether active or not, and the others off. A control that names none has the
    rules and policies of the start; with pathways it leaves everything as it is.
    """
    catalogue, module_ids = index.catalogue, index.module_ids
    rules, pathways, policies = catalogue.rules, catalogue.pathways, catalogue.policies
    for placement in placements:
        own, experiment = _variant(placement).pinned, placement.trial.experiment
        if own.policies is not None:
            policies = own.policies
        if own.rules is not None:
            named = {rule.rule_id for rule in _rules_in(experiment)}
            rules = _instead(rules, named, own.rules)
        if own.pathway is not None:
            named = {pathway.pathway_id for pathway in pathways_in(experiment)}
            others = tuple(each for each in pathways if each.pathway_id not in named)
            followed = (*others, replace(own.pathway, active=True))
            pathways = tuple(sorted(followed, key=lambda each: each.pathway_id))
    return replace(
        index,
        catalogue=replace(catalogue, rules=rules, pathways=pathways, policies=policies),
        rules=index_rules(rules, module_ids),
        pathways=index_pathways(pathways, module_ids),
    )


def consults(placement: Placement, request: DecisionRequest) -> bool:
    """Tell whether an answer to a request consults what an experiment changes.

    Policies, snapshots and rules are consulted for every answer; pathways for learners with the
    role or goal that one of the experiment's pathways leads to. The variant has no say in it, or
    arms would be of different people.
    """
    pathways = pathways_in(placement.trial.experiment)
    if not pathways or placement.trial.kinds - {Component.PATHWAY}:
        return True
    learner = request.history.learner
    theirs = {request.context.goal_role_id, learner.goal_role_id, learner.role_id} - {None}
    return any(each.goal.get("role_id") in {None, *theirs} for each in pathways)


def decide_in_arm(
    request: DecisionRequest,
    default: Scoring,
    arm: tuple[Scoring, Policy | None],
    rng: np.random.Generator,
) -> tuple[Recommendation, bool]:
    """Decide as the variants have it, but for tier 0, which no experiment has a say in.

    Parameters
    ----------
    request
        As of `decide`.
    default
        Models and catalogue without experiments.
    arm
        Models and catalogue of the variants, and their policy; None where they name none.
    rng
        Source of randomness.

    Returns
    -------
    Recommendation, bool
        Whether the variants were consulted: not where tier 0 takes every place.
    """
    scorer, policy = arm
    if not _may_be_pressed(request, default.index):
        return decide(request, scorer, policy, rng), True
    usual = decide(request, default, None, rng)
    pressing = tuple(item for item in usual.items if item.tier == 0)
    n_left = request.context.limit - len(pressing)
    if not n_left:
        return usual, False
    exclude = request.context.exclude.union(item.module_id for item in pressing)
    context = replace(request.context, limit=n_left, exclude=exclude)
    rest = decide(replace(request, context=context), scorer, policy, rng)
    return _behind(pressing, usual, rest), True


def pathways_in(experiment: Experiment) -> tuple[Pathway, ...]:
    """Return the pathways that the variants of a started experiment name."""
    pinned = (each.pinned.pathway for each in experiment.variants)
    return tuple(pathway for pathway in pinned if pathway is not None)


def _rules_in(experiment: Experiment) -> tuple[Rule, ...]:
    return tuple(rule for each in experiment.variants for rule in each.pinned.rules or ())


def _instead(rules: tuple[Rule, ...], named: set[str], own: tuple[Rule, ...]) -> tuple[Rule, ...]:
    others = (rule for rule in rules if rule.rule_id not in named)
    return (*others, *(replace(rule, active=True) for rule in own))


def _variant(placement: Placement) -> Variant:
    return placement.trial.experiment.variant(placement.variant_id)


def _may_be_pressed(request: DecisionRequest, index: CatalogueIndex) -> bool:
    """Tell whether anything has, or by a rule gets, a date that presses: tier 0 needs one."""
    now = request.now.timestamp()
    dated = [
        (each.module_id, each.due_at.timestamp() - now)
        for each in request.history.assignments
        if each.due_at is not None
    ]
    dated += [
        (module_id, rule.due_in_days * SECONDS_PER_DAY)
        for rule in index.rules.rules
        if rule.due_in_days is not None
        for module_id in rule.assign
    ]
    if not dated:
        return False
    rows = index.module_ids.positions(module_id for module_id, _ in dated)
    left = np.array([seconds for _, seconds in dated])
    return bool((left[rows >= 0] <= seconds_needed(index, rows[rows >= 0])).any())


def _behind(
    pressing: tuple[RecommendedModule, ...], usual: Recommendation, rest: Recommendation
) -> Recommendation:
    """Put an answer behind the modules that press."""
    if not pressing:
        return rest
    items = tuple(
        replace(item, rank=rank) for rank, item in enumerate((*pressing, *rest.items), start=1)
    )
    ids = {item.module_id for item in pressing}
    return replace(rest, items=items, candidates=_stack(usual.candidates, ids, rest.candidates))


def _stack(usual: Candidates, pressing: set[str], rest: Candidates) -> Candidates:
    """Put the candidates that press before the others, whose chance to lead is none then."""
    rows = [k for k, module_id in enumerate(usual.module_ids) if module_id in pressing]
    columns = {
        each.name: tuple(getattr(usual, each.name)[k] for k in rows) + getattr(rest, each.name)
        for each in fields(Candidates)
        if each.name != "terms"
    }
    columns["p_first"] = tuple(usual.p_first[k] for k in rows) + (0.0,) * len(rest.p_first)
    terms = {
        name: tuple(values[k] for k in rows) + rest.terms[name]
        for name, values in usual.terms.items()
    }
    return Candidates(**columns, terms=terms)
