"""What the policies are taught: histories from before Waymark, and the models fitted on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from features.domain.history import Interaction
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, UNJUDGED, ArrivedEvents, build_log
from features.score.ranking.arrays import to_arrays
from features.score.snapshot import Snapshot
from training.evaluation.protocols import hold_out_by_id
from training.histories.assemble import EvidenceArrays
from training.histories.data import TrainingData
from training.histories.fingerprint import fingerprint
from training.models import RANKING, Task, fit_models
from training.simulation.entrants import Entrant
from training.simulation.loop import Passage, Rules
from training.simulation.minds import Mind
from training.simulation.offer import Offer
from training.simulation.own_choice import OwnChoice
from training.train import build_snapshot

PLAIN_COLLABORATIVE = ("als", "als_tuned", "item_knn")
OWN_CHOICES = 1  # stream of a learner's randomness, beside the passage
CARRIED_OVER = ("module_ids", "role_ids", "met_by_role", "likeness")


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What was learned from histories.

    Attributes
    ----------
    snapshot
        As `waymark train` makes it.
    collaborative
        The ranking part of a snapshot whose model is plain collaborative filtering: the best on
        validation learners of `PLAIN_COLLABORATIVE`.
    collaborative_name
        Which one that is.
    """

    snapshot: Snapshot
    collaborative: Mapping[str, NDArray[Any]]
    collaborative_name: str


def teach(
    entrants: Sequence[Entrant],
    mind_of: Callable[[Entrant], Mind],
    rules: Rules,
    seed: int,
) -> Taught:
    """Let people learn as they do without Waymark, and fit models on it as `waymark train` does.

    Parameters
    ----------
    entrants
        Learners that are not among those judged.
    mind_of
        Makes what a learner truly can do.
    rules
        Of the programme; the histories end before its first day.
    seed
        Of the training.
    """
    data = record(entrants, mind_of, rules)
    holdout = hold_out_by_id(data, np.random.default_rng(seed))
    task = Task(data=data, holdout=holdout, seed=seed)
    models = fit_models(task)
    snapshot = build_snapshot(task, models, {}, rules.starts_at)
    ranking = snapshot.part(RANKING)
    if models.ranking is None:
        raise InvalidValueError(
            f"{len(entrants)} learners met too few modules to learn a ranking from: take more "
            "with --taught-from"
        )
    known = models.ranking.validation
    name = max(PLAIN_COLLABORATIVE, key=lambda each: known.get(each, 0.0))
    return Taught(
        snapshot=snapshot,
        collaborative=to_arrays(models.ranking.models[name])
        | {part: ranking[part] for part in CARRIED_OVER},
        collaborative_name=name,
    )


def record(
    entrants: Sequence[Entrant], mind_of: Callable[[Entrant], Mind], rules: Rules
) -> TrainingData:
    """Return the histories of learners who choose for themselves, over one programme's length."""
    early = _before(rules)
    events: list[list[Interaction]] = []
    for entrant in entrants:
        chooser = OwnChoice(
            entrant, rules.offer, np.random.default_rng([entrant.seed, OWN_CHOICES])
        )
        passage = Passage(entrant, mind_of(entrant), early)
        passage.run(chooser)
        events.append(passage.events)
    return _assemble(entrants, events, rules.offer)


def _before(rules: Rules) -> Rules:
    weeks = rules.programme.n_weeks + rules.programme.upkeep_weeks
    starts_at: datetime = rules.starts_at - timedelta(weeks=weeks)
    return Rules(
        offer=rules.offer,
        programme=rules.programme,
        staying=rules.staying,
        starts_at=starts_at,
    )


def _assemble(
    entrants: Sequence[Entrant], events: Sequence[Sequence[Interaction]], offer: Offer
) -> TrainingData:
    catalogue, module_ids = offer.index.catalogue, offer.index.module_ids
    met = [row for row, own in enumerate(events) if own]
    rows = [(place, event) for place, row in enumerate(met) for event in events[row]]
    log = build_log(
        ArrivedEvents(
            learner=np.array([place for place, _ in rows], dtype=np.int32),
            module=module_ids.positions(event.module_id for _, event in rows),
            event=np.array([EVENT_CODES[event.event] for _, event in rows], dtype=np.int8),
            at_seconds=np.array([event.at.timestamp() for _, event in rows]),
            score=np.array([np.nan if e.score is None else e.score for _, e in rows], dtype=float),
            reported_success=np.full(len(rows), UNJUDGED, dtype=np.int8),
            duration_seconds=np.full(len(rows), np.nan),
        ),
        learner_ids=IdMap(entrants[row].learner_id for row in met),
        module_ids=module_ids,
        pass_marks=offer.index.pass_marks,
    )
    attributes = {"role_id": np.array([entrants[row].role_id for row in met], dtype=np.str_)}
    evidence = _no_evidence()
    return TrainingData(
        log=log,
        catalogue=catalogue,
        learner_attributes=attributes,
        evidence=evidence,
        parts=None,
        data_hash=fingerprint(log, catalogue, attributes, evidence),
        n_rows={
            "interactions": len(log),
            "learners": log.n_learners,
            "modules": log.n_modules,
            "skills": len(catalogue.skills),
            "roles": len(catalogue.roles),
            "evidence": 0,
        },
    )


def _no_evidence() -> EvidenceArrays:
    nothing = np.zeros(0, dtype=np.int32)
    return EvidenceArrays(
        learner=nothing,
        skill=nothing,
        level=np.zeros(0),
        source=np.zeros(0, dtype=np.str_),
        at_seconds=np.zeros(0),
    )
