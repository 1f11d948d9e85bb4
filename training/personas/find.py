"""Finding personas: from histories to places, names and the account of how they were found."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.encode.catalogue import CatalogueIndex
from features.encode.log import InteractionLog
from features.score.personas import PersonaModel
from features.score.scorer import PERSONAS
from features.score.snapshot import Snapshot
from training.personas.former import Succession, divide_as_before, succeed
from training.personas.habits import FEWEST_BEGUN, Habits, find_habits, kind_of
from training.personas.segments import SMALLEST, Trial, choose, nearest, try_former, try_numbers
from training.personas.words import (
    WORDS_IN_A_NAME,
    Statement,
    as_document,
    describe,
    name_all,
    signed,
    still_true,
    telling,
)

MOST_LEARNERS = 20_000
FEWEST_LEARNERS = 200
FEWEST_HABITS = 2
FEWEST_POINTS = 50  # different ones


def find_personas(
    log: InteractionLog, index: CatalogueIndex, former: Snapshot | None, rng: np.random.Generator
) -> dict[str, Any]:
    """Discover personas from what learners did.

    Returns `personas` with their ids, names and statements, and the `model` that tells them apart,
    or the `reason` why there are none; and how they were found.

    Parameters
    ----------
    log
        Everybody; up to `MOST_LEARNERS` of them are drawn.
    index
        The catalogue; no attribute of a learner is looked at.
    former
        The snapshot in service, whose personas keep their ids where they are found again.
    rng
        Source of randomness.
    """
    # With more threads sums come in another order, and the last bits differ.
    with threadpool_limits(1):
        return _find(_draw(log, rng), index, former, rng)


def _find(
    log: InteractionLog, index: CatalogueIndex, former: Snapshot | None, rng: np.random.Generator
) -> dict[str, Any]:
    habits = find_habits(log, index)
    account = _account(habits, log)
    why_not = _why_not(habits)
    if why_not is not None:
        return _none(account, why_not, former)
    points = habits.deviations() * _weights(habits)
    if len(np.unique(points, axis=0)) < FEWEST_POINTS:
        return _none(account, "nearly all learners go about learning in the same ways", former)
    trials = try_numbers(points, rng)
    account["trials"] = [_of_trial(trial) for trial in trials]
    before = divide_as_before(former, log, index)
    continued = try_former(points, before[habits.of_log], rng)
    if continued is not None:
        account["continued"] = _of_trial(continued)
    chosen = choose(trials, len(points), continued)
    if chosen is None:
        why_not = (
            "no division of the learners into personas is both found again in resampled "
            f"learners and free of personas under 5 % or {SMALLEST} learners"
        )
        return _none(account, why_not, former)
    labels = nearest(points, chosen.places)
    placed = np.full(log.n_learners, -1)
    placed[habits.of_log] = labels
    succession = succeed(former, before, placed, chosen.n_personas)
    names = {skill.skill_id: skill.name for skill in index.catalogue.skills}
    statements = [describe(habits, labels == one, names) for one in range(chosen.n_personas)]
    n_new = sum(each is None for each in succession.continues)
    return account | {
        "reason": None,
        "model": _model(habits, points, labels, chosen).to_lists(),
        "stability": chosen.stability,
        "silhouette": chosen.silhouette,
        "former": _beside(former, succession),
        "next_number": succession.next_number + n_new,
        "personas": _personas(statements, np.bincount(labels), succession, names),
    }


def _none(account: Mapping[str, Any], why_not: str, former: Snapshot | None) -> dict[str, Any]:
    """Return no personas; their numbers are still not used again."""
    kept = {} if former is None else former.manifest.get(PERSONAS, {})
    next_number = kept.get("next_number", 1)
    nothing = {"reason": why_not, "model": None, "personas": [], "next_number": next_number}
    return {**account, **nothing}


def _beside(former: Snapshot | None, succession: Succession) -> dict[str, Any] | None:
    if former is None or succession.agreement is None:
        return None
    return {
        "version": former.version,
        "agreement": succession.agreement,
        "n_learners": succession.n_learners,
        "n_kept": sum(each is not None for each in succession.continues),
    }


def _draw(log: InteractionLog, rng: np.random.Generator) -> InteractionLog:
    if log.n_learners <= MOST_LEARNERS:
        return log
    chosen = np.zeros(log.n_learners, dtype=bool)
    chosen[rng.permutation(log.n_learners)[:MOST_LEARNERS]] = True
    return log.take_learners(chosen)


def _account(habits: Habits, log: InteractionLog) -> dict[str, Any]:
    shown = np.flatnonzero(~np.isnan(habits.usual))
    return {
        "n_looked_at": log.n_learners,
        "n_learners": len(habits.of_log),
        "fewest_begun": FEWEST_BEGUN,
        "behaviours": {
            habits.facets.names[column]: {
                "correlation_of_halves": None
                if np.isnan(habits.correlation[column])
                else float(habits.correlation[column]),
                "is_habit": bool(habits.reliability[column] > 0),
            }
            for column in shown
        },
    }


def _why_not(habits: Habits) -> str | None:
    n_learners = len(habits.of_log)
    if n_learners < FEWEST_LEARNERS:
        return (
            f"{n_learners} learners have begun {FEWEST_BEGUN} modules or more; personas need "
            f"{FEWEST_LEARNERS} such learners"
        )
    if len(habits.lasting) < FEWEST_HABITS:
        return (
            "what learners did in the first half of their history hardly foretells how they go "
            f"about the second: {len(habits.lasting)} of {FEWEST_HABITS} habits needed were found"
        )
    return None


def _weights(habits: Habits) -> NDArray[np.float64]:
    """Return the part of each habit in distances: by what it tells, each kind counting once.

    A kind is shared by as many habits as are known of a learner on average.
    """
    kept = habits.lasting
    kinds = np.array([kind_of(habits.facets.names[column]) for column in kept])
    known = (habits.measured.count[:, kept] > 0).mean(axis=0)
    sharing = np.array([known[kinds == kind].sum() for kind in kinds])
    return np.asarray(np.sqrt(habits.reliability[kept] / sharing))


def _model(
    habits: Habits, points: NDArray[np.float64], labels: NDArray[np.int64], chosen: Trial
) -> PersonaModel:
    kept = habits.lasting
    apart = points - chosen.places[labels]
    width = float(np.sqrt(np.mean(apart**2)))
    return PersonaModel(
        behaviours=np.array([habits.facets.names[column] for column in kept], dtype=np.str_),
        usual=habits.usual[kept],
        worth=habits.worth[kept],
        spread=habits.spread[kept],
        weight=_weights(habits),
        places=chosen.places,
        numbers=np.array([width, habits.hard_from, FEWEST_BEGUN]),
    )


def _of_trial(trial: Trial) -> dict[str, float]:
    return {
        "n_personas": trial.n_personas,
        "stability": trial.stability,
        "silhouette": trial.silhouette,
        "n_in_smallest": trial.n_in_smallest,
    }


def _personas(
    statements: list[list[Statement]],
    sizes: NDArray[np.int64],
    succession: Succession,
    skill_names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Describe every persona; who continues a former one keeps its id, and its name while true."""
    fresh = iter(range(succession.next_number, succession.next_number + len(statements)))
    personas = []
    for number, (name, said) in enumerate(
        zip(name_all(statements, skill_names), statements, strict=True)
    ):
        before = succession.continues[number]
        name_of = [signed(each) for each in telling(said)[:WORDS_IN_A_NAME]]
        is_kept = before is not None and still_true(before["name_of"], said)
        personas.append(
            {
                "persona_id": f"p{next(fresh)}" if before is None else before["persona_id"],
                "name": before["name"] if before is not None and is_kept else name,
                "name_of": before["name_of"] if before is not None and is_kept else name_of,
                "n_learners": int(sizes[number]),
                "share": float(sizes[number] / sizes.sum()),
                "statements": [as_document(each) for each in said],
            }
        )
    return personas
