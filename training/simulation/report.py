"""The report of a simulation: one JSON document."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.evaluation.estimates import Estimate
from training.simulation.loop import Outcome
from training.simulation.measures import (
    FEWEST_SEEDS,
    MEASURES,
    Results,
    difference,
    estimate,
    gather,
    ratio,
    shares_by_week,
)
from training.simulation.parameters import Programme
from training.simulation.policies import COMPARED
from training.simulation.simulate import Cell, LearnerModelName, Outcomes, Plan

Document = dict[str, Any]


def write_document(plan: Plan, outcomes: Outcomes, seconds: float) -> Document:
    """Return everything measured.

    Returns
    -------
    dict
        `models` holds, by learner model, `policies` (each measure's `mean`, 95 % interval `ci` and
        means by seed, and shares competent and gone by week) and `against`: ours compared with
        each rival, as a difference and as a share of the rival's; `assessed_against`: assessed
        compared with each rival and with ours.
    """
    return {
        "n_learners": plan.n_learners,
        "n_taught_from": plan.n_taught_from,
        "seeds": list(plan.seeds),
        "unit_of_doubt": "seed" if len(plan.seeds) >= FEWEST_SEEDS else "learner",
        "horizon_weeks": Programme().n_weeks,
        "policy": asdict(plan.own_policy),
        "seconds": seconds,
        "models": {str(model): _model(plan, outcomes, model) for model in plan.models},
    }


def _model(plan: Plan, outcomes: Outcomes, model: LearnerModelName) -> Document:
    horizon = Programme().n_weeks
    by_policy = {
        policy: {seed: outcomes[Cell(model=model, seed=seed), policy] for seed in plan.seeds}
        for policy in plan.policies
    }
    results = {policy: gather(by_seed, horizon) for policy, by_seed in by_policy.items()}
    document: Document = {
        "policies": {
            str(policy): _measures(results[policy])
            | _curves([each for own in by_policy[policy].values() for each in own])
            for policy in plan.policies
        }
    }
    for name, (own, rivals) in COMPARED.items():
        if own in results:
            document[name] = {
                str(rival): _compare(results[own], results[rival])
                for rival in rivals
                if rival in results
            }
    return document


def _measures(results: Results) -> Document:
    seeds = np.unique(results.seed)
    return {
        measure: _estimate(estimate(results, measure))
        | {
            "by_seed": [
                float(results.values[measure][results.seed == seed].mean()) for seed in seeds
            ]
        }
        for measure in MEASURES
    }


def _curves(outcomes: Sequence[Outcome]) -> Document:
    programme = Programme()
    competent = np.array([outcome.competent_week for outcome in outcomes])
    left = np.array([outcome.left_week for outcome in outcomes])
    return {
        "competent_by_week": shares_by_week(competent, programme).tolist(),
        "abandoned_by_week": shares_by_week(left, programme).tolist(),
    }


def _compare(own: Results, rival: Results) -> Document:
    compared: Document = {}
    for measure in MEASURES:
        relative = ratio(own, rival, measure)
        compared[measure] = {
            "difference": _estimate(difference(own, rival, measure)),
            "relative": None if relative is None else _estimate(relative),
        }
    return compared


def _estimate(found: Estimate) -> Document:
    return {"mean": found.value, "ci": found.interval}
