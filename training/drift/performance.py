"""How the model does on what happened after its training, beside what it did when held out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.encode.catalogue import index_catalogue
from features.encode.sequences import (
    NO_TARGET,
    hold_out_last,
    hold_out_since,
    sequence_modules,
)
from features.score.scorer import Scorer, bind
from features.score.snapshot import Snapshot
from training.drift.compare import Movement
from training.evaluation.protocols import Question
from training.evaluation.ranking import BoundRanking, ask
from training.gate import HeldOutResults, chance_error
from training.histories.data import TrainingData
from training.models import RANKING, SUCCESS, evidence_log
from training.success.metrics import success_metrics

# Of what it was when held out, a share by which it may have worsened; for the error, as it is.
NDCG_BANDS = (0.1, 0.25)
LOSS_BANDS = (0.05, 0.15)
ECE_BANDS = (0.01, 0.05)
FEWEST_LEARNERS = 10
MOST_LEARNERS = 10_000


@dataclass(frozen=True, kw_only=True)
class Live:
    """What is to be judged: whole histories, and which rows are live (bool, (n_rows,))."""

    data: TrainingData
    rows: NDArray[np.bool_]


def judge_live(
    live: Live, snapshot: Snapshot, held_out: HeldOutResults, seed: int = 0
) -> tuple[Movement, ...]:
    """Ask a snapshot what happened, and compare with its held-out figures.

    Parameters
    ----------
    live
        Each attempt is predicted from strictly earlier events, and the first new module of a
        learner from all before it. Of more than `MOST_LEARNERS` learners a sample is asked.
    snapshot
        Bound to today's catalogue by ids, as the service would.
    held_out
        The results of its own training.
    seed
        Of the sample.

    Returns
    -------
    tuple of Movement
        One-sided Welch tests over learners, p-values not yet adjusted; halves with fewer than
        `FEWEST_LEARNERS` learners then or now are left out.
    """
    scorer = bind(index_catalogue(live.data.catalogue), snapshot)
    sample = _sample(live, seed)
    return (
        *_of_ranking(live, sample, scorer, snapshot, held_out),
        *_of_success(live, sample, scorer, snapshot, held_out),
    )


def _sample(live: Live, seed: int) -> NDArray[np.bool_]:
    log = live.data.log
    active = np.unique(log.learner[live.rows])
    if len(active) > MOST_LEARNERS:
        active = np.random.default_rng(seed).choice(active, MOST_LEARNERS, replace=False)
    chosen = np.zeros(log.n_learners, dtype=bool)
    chosen[active] = True
    return chosen


def next_modules(live: Live, among: NDArray[np.bool_]) -> Question:
    """Ask for each learner's first new module in the live rows, from a history that is not empty.

    Where all rows are live there is no before: then the last new module is asked for.
    """
    sequences = sequence_modules(live.data.log)
    history, target = hold_out_last(sequences)
    if not live.rows.all():
        since = live.data.log.at_seconds[live.rows].min()
        history, target = hold_out_since(sequences, since)
    asked = among & (target != NO_TARGET) & (history.lengths > 0)
    return Question(
        learner=np.flatnonzero(asked), history=history.take(asked), target=target[asked]
    )


def _of_ranking(
    live: Live,
    sample: NDArray[np.bool_],
    scorer: Scorer,
    snapshot: Snapshot,
    held_out: HeldOutResults,
) -> list[Movement]:
    if scorer.affinity is None or held_out.chosen_ranking is None:
        return []
    then = _finite(held_out.ndcg_at_10[held_out.chosen_ranking])
    ranked = ask(BoundRanking(affinity=scorer.affinity), next_modules(live, sample))
    if min(len(then), len(ranked.rank)) < FEWEST_LEARNERS:
        return []
    now, figures = ranked.ndcg_at_10, snapshot.manifest["metrics"][RANKING]
    hits_then = float(figures[held_out.chosen_ranking]["hr_at_10"])
    hits_now = float((ranked.rank <= 10).mean())
    return [
        Movement(
            name="next module (NDCG@10)",
            effect=max(0.0, 1.0 - now.mean() / max(then.mean(), 1e-12)),
            bands=NDCG_BANDS,
            p_value=_p_worse(now, then),
            measures={
                "ndcg_at_10_then": float(then.mean()),
                "ndcg_at_10_now": float(now.mean()),
                "hr_at_10_then": hits_then,
                "hr_at_10_now": hits_now,
            },
            moved=f"{then.mean():.3f} → {now.mean():.3f}, HR@10 {hits_then:.3f} → {hits_now:.3f}",
        )
    ]


def _of_success(
    live: Live,
    sample: NDArray[np.bool_],
    scorer: Scorer,
    snapshot: Snapshot,
    held_out: HeldOutResults,
) -> list[Movement]:
    if not snapshot.part(SUCCESS) or held_out.chosen_success is None:
        return []
    log = live.data.log
    asked = (live.rows & (log.success >= 0))[sample[log.learner]]
    part = log.take_learners(sample)
    evidence = evidence_log(live.data, scorer.index).take_learners(sample)
    logits = scorer.success.predict_attempts(part, evidence)[asked]
    success = part.success[asked].astype(np.float64)
    loss = np.logaddexp(0.0, logits) - success * logits
    counts = np.bincount(part.learner[asked], minlength=part.n_learners)
    sums = np.bincount(part.learner[asked], weights=loss, minlength=part.n_learners)
    now = sums[counts > 0] / counts[counts > 0]
    then = _finite(held_out.log_loss[held_out.chosen_success])
    if min(len(then), len(now)) < FEWEST_LEARNERS:
        return []
    figures = snapshot.manifest["metrics"][SUCCESS][held_out.chosen_success]
    return _success_movements(then, now, dict(figures), success_metrics(success, logits))


def _success_movements(
    then: NDArray[np.float64],
    now: NDArray[np.float64],
    figures: dict[str, float],
    measured: dict[str, float | int | None],
) -> list[Movement]:
    error_then, error_now = float(figures["ece"]), float(measured["ece"] or 0.0)
    excess = error_now - error_then - chance_error(int(measured["n_attempts"] or 0))
    areas = [figures["auc"], measured["auc"]]
    return [
        Movement(
            name="p_success (log loss)",
            effect=max(0.0, now.mean() / max(then.mean(), 1e-12) - 1.0),
            bands=LOSS_BANDS,
            p_value=_p_worse(-now, -then),
            measures={
                "log_loss_then": float(then.mean()),
                "log_loss_now": float(now.mean()),
                **{
                    f"auc_{when}": float(area)
                    for when, area in zip(("then", "now"), areas, strict=True)
                    if area is not None
                },
            },
            moved=f"{then.mean():.3f} → {now.mean():.3f} a learner, AUC "
            + " → ".join("–" if area is None else f"{area:.3f}" for area in areas),
        ),
        Movement(
            name="p_success (ECE)",
            effect=max(0.0, excess),
            bands=ECE_BANDS,
            # What chance explains is taken off the effect; there is no test beside it.
            p_value=0.0 if excess > 0 else 1.0,
            measures={"ece_then": error_then, "ece_now": error_now},
            moved=f"{error_then:.3f} → {error_now:.3f}",
        ),
    ]


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _p_worse(now: NDArray[np.float64], then: NDArray[np.float64]) -> float:
    if now.std() + then.std() == 0.0:
        return 0.0 if now.mean() < then.mean() else 1.0
    return float(stats.ttest_ind(now, then, equal_var=False, alternative="less").pvalue)
