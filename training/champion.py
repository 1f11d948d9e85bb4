"""The champion beside a candidate: asked the same question, on the same learners, with one data."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import RegistryError, SnapshotError
from features.encode.catalogue import CatalogueIndex
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from features.store.registry import CHAMPION, Registry
from features.store.snapshots import read_snapshot
from training.evaluation.ranking import BoundRanking, ask
from training.gate import HeldOutResults
from training.models import RANKING, SUCCESS, Judgement, Task, evidence_log
from training.ranking.fit import BLEND


def name_of(version: str) -> str:
    """Return the name under which a champion's results stand beside a candidate's."""
    return f"{CHAMPION} {version}"


def read_champion(registry: Registry) -> Snapshot | None:
    """Return the champion's snapshot; None where there is none, or none that can be read."""
    version = registry.version_of(CHAMPION)
    if version is None:
        return None
    with TemporaryDirectory() as scratch:
        try:
            return read_snapshot(registry.fetch(version, Path(scratch) / version), version)
        except (SnapshotError, RegistryError):
            # A champion that is lost must not keep a new one from being trained.
            return None


def judge_beside(
    judgement: Judgement, task: Task, index: CatalogueIndex, champion: Snapshot | None
) -> Judgement:
    """Ask the champion what the candidate was asked, and add its answers to the judgement.

    Parameters
    ----------
    judgement
        Of the candidate's models, on `task`.
    task
        Its holdout and today's data; the champion is folded in from the same histories.
    index
        Today's catalogue. Modules and skills are aligned by id; newer ones than the champion's are
        scored as the service would.
    champion
        None leaves the judgement as it is, and so does one that does not fit this program.
    """
    if champion is None:
        return judgement
    task.report(f"{name_of(champion.version)} on held-out learners")
    try:
        scorer = bind(index, champion)
    except SnapshotError:
        return judgement
    name, question, log = name_of(champion.version), task.holdout.question, task.data.log
    ranked, logits = dict(judgement.ranked), dict(judgement.logits)
    if scorer.affinity is not None and ranked:
        # Baselines are asked for what they say themselves of modules that nobody had met.
        is_blend = champion.manifest["learned"].get(RANKING) == BLEND
        own = scorer.affinity if is_blend else scorer.affinity.placing_newer_only()
        ranked[name] = ask(BoundRanking(affinity=own), question)
    if champion.part(SUCCESS) and logits:
        asked = task.holdout.asked_attempts
        whose = np.zeros(log.n_learners, dtype=bool)
        whose[log.learner[asked]] = True
        evidence = evidence_log(task.data, index).take_learners(whose)
        predicted = scorer.success.predict_attempts(log.take_learners(whose), evidence)
        logits[name] = predicted[asked[whose[log.learner]]]
    return replace(judgement, ranked=ranked, logits=logits)


def stand_beside(
    candidate: HeldOutResults, version: str, stored: HeldOutResults | None
) -> tuple[HeldOutResults, bool]:
    """Put the champion's results beside the candidate's under the name the gate knows.

    Parameters
    ----------
    candidate
        Its results, which may hold those of the champion of its time.
    version
        The champion of today.
    stored
        The champion's own results from its training; None where they cannot be read.

    Returns
    -------
    results
        The candidate's, with the champion's under `CHAMPION` and no former champion.
    beside
        Whether both were judged together. If not, the champion's stored results count, for the
        learners who were asked the same question then.
    """
    name = name_of(version)
    beside = name in candidate.ndcg_at_10 or name in candidate.log_loss
    ndcg, loss = _rivals(candidate.ndcg_at_10, name), _rivals(candidate.log_loss, name)
    ece, n_attempts = _rivals(candidate.ece, name), candidate.n_attempts
    if not beside:
        same = _same_question(candidate, stored)
        if stored is None or stored.chosen_ranking is not None:
            ndcg[CHAMPION] = _aligned(stored, RANKING, same)
        if stored is None or stored.chosen_success is not None:
            loss[CHAMPION] = _aligned(stored, SUCCESS, same)
        if stored is not None and stored.chosen_success is not None:
            ece[CHAMPION] = stored.ece[stored.chosen_success]
            n_attempts = min(n_attempts, stored.n_attempts)
    results = replace(
        candidate,
        ndcg_at_10=ndcg,
        log_loss=loss,
        ece=ece,
        n_attempts=n_attempts,
        gap_closed=_rivals(candidate.gap_closed, name),
    )
    return results, beside


def without_champions(candidate: HeldOutResults) -> HeldOutResults:
    """Return the results without those of any champion."""
    return replace(
        candidate,
        ndcg_at_10=_rivals(candidate.ndcg_at_10, ""),
        log_loss=_rivals(candidate.log_loss, ""),
        ece=_rivals(candidate.ece, ""),
        gap_closed=_rivals(candidate.gap_closed, ""),
    )


def _rivals[T](values: Mapping[str, T], champion: str) -> dict[str, T]:
    """Rename the champion of today, and leave those of other times out."""
    return {
        CHAMPION if name == champion else name: value
        for name, value in values.items()
        if name == champion or not name.startswith(f"{CHAMPION} ")
    }


def _same_question(candidate: HeldOutResults, stored: HeldOutResults | None) -> NDArray[np.int64]:
    """Return where in `stored` each learner was asked the same, (n,), −1 where not."""
    if stored is None:
        return np.full(len(candidate.learner_ids), -1)
    place = {
        key: row
        for row, key in enumerate(
            zip(stored.learner_ids.tolist(), stored.asked.tolist(), strict=True)
        )
    }
    keys = zip(candidate.learner_ids.tolist(), candidate.asked.tolist(), strict=True)
    return np.array([place.get(key, -1) for key in keys], dtype=np.int64)


def _aligned(
    stored: HeldOutResults | None, half: str, row: NDArray[np.int64]
) -> NDArray[np.float64]:
    if stored is None:
        return np.full(len(row), np.nan)
    ranks = half == RANKING
    chosen = stored.chosen_ranking if ranks else stored.chosen_success
    values = (stored.ndcg_at_10 if ranks else stored.log_loss)[chosen or ""]
    return np.append(values, np.nan)[row]
