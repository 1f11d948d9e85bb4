"""The three protocols: what may be learned from, and what is then asked."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from features.domain.instants import EPOCH
from features.encode.sequences import (
    NO_TARGET,
    Sequences,
    hold_out_last,
    hold_out_since,
    sequence_modules,
)
from training.histories.data import TrainingData

HELD_OUT_SHARE = 0.1
# More held-out learners, or interactions of theirs, would cost time and tell hardly more: an
# NDCG@10 over 20,000 learners is known to ± .005.
MOST_ASKED_LEARNERS = 20_000
MOST_ASKED_ROWS = 500_000
DEFAULT_CUTOFF_QUANTILE = 0.8


class Protocol(StrEnum):
    """How learners, modules or time are held out."""

    LEAVE_LAST = "leave-last"
    SPLITS = "splits"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Learners whose next new module is asked for.

    Attributes
    ----------
    learner
        int64, (n,), positions in the log's `learner_ids`.
    history
        What each had met when asked, which is at the instant of the target.
    target
        int32, (n,), the module each met next.
    """

    learner: NDArray[np.int64]
    history: Sequences
    target: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """What a protocol allows to be learned and what it asks; row masks are over the log.

    Attributes
    ----------
    ranking_rows, success_rows
        bool, (n_rows,): what the ranking and the success models may be trained on.
    valid
        bool, (n_learners,): among those, who chooses models and blends.
    question
        For ranking.
    asked_attempts
        bool, (n_rows,): attempts to be predicted, each from strictly earlier ones.
    knows_learners
        Whether those asked about are among those trained on.
    n_without_question
        Learners of the held-out part who met no module that could be asked for.
    cutoff_seconds
        Nothing after it may be learned from; None where time plays no part.
    """

    ranking_rows: NDArray[np.bool_]
    success_rows: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    question: Question
    asked_attempts: NDArray[np.bool_]
    knows_learners: bool
    n_without_question: int = 0
    cutoff_seconds: float | None = None


def hold_out(
    data: TrainingData,
    protocol: Protocol,
    rng: np.random.Generator,
    cutoff: datetime | None = None,
) -> Holdout:
    """Apply a protocol to data.

    Parameters
    ----------
    data
        Histories, with `parts` where a splits table came with them.
    protocol
        Which one.
    rng
        Draws validation learners, and test learners where no splits table names them.
    cutoff
        Aware UTC, for `time` only; the 80 % quantile of the instants where absent.

    Raises
    ------
    InvalidValueError
        For `time` on ordinals, a cutoff with nothing before or after it, a cutoff with another
        protocol, or a splits table without test learners or without any to train on.
    """
    if cutoff is not None and protocol is not Protocol.TIME:
        raise InvalidValueError("--cutoff goes with --protocol time only")
    if protocol is Protocol.LEAVE_LAST:
        return _leave_last(data, rng)
    if protocol is Protocol.SPLITS:
        return _splits(data, rng)
    return _time(data, rng, cutoff)


def _leave_last(data: TrainingData, rng: np.random.Generator) -> Holdout:
    log = data.log
    sequences = sequence_modules(log)
    history, target = hold_out_last(sequences)
    last_attempt = np.zeros(len(log), dtype=bool)
    attempts = np.flatnonzero(log.success >= 0)
    # Reversed, the first attempt found of a learner is their last.
    _, from_end = np.unique(log.learner[attempts][::-1], return_index=True)
    last_attempt[attempts[::-1][from_end]] = True
    return Holdout(
        ranking_rows=log.module != target[log.learner],
        success_rows=~last_attempt,
        valid=_draw(log.n_learners, rng),
        question=_ask(history, target),
        asked_attempts=last_attempt,
        knows_learners=True,
        n_without_question=int((target == NO_TARGET).sum()),
    )


def _splits(data: TrainingData, rng: np.random.Generator) -> Holdout:
    log = data.log
    if data.parts is None:
        test = _draw(log.n_learners, rng)
        valid = np.zeros(log.n_learners, dtype=bool)
    else:
        test, valid = data.parts == "test", data.parts == "valid"
        if not test.any():
            raise InvalidValueError(
                "the splits table names no learner as test who has interactions; "
                "add `test` rows, or leave the table out for a seeded 10 %"
            )
    if (test | valid).all():
        raise InvalidValueError(
            "the splits table leaves nobody to train on: every learner with interactions is test "
            "or valid; add `train` rows"
        )
    return _strangers(data, test, valid, rng)


def hold_out_by_id(data: TrainingData, rng: np.random.Generator) -> Holdout:
    """Hold out the learners whose id hashes into a fixed tenth, the same in every training.

    Those of the lowest hashes are asked about, up to `MOST_ASKED_LEARNERS` with
    `MOST_ASKED_ROWS` interactions. See docs/decisions/0002. `rng` draws the validation learners
    among the others.

    Raises
    ------
    InvalidValueError
        If that leaves nobody to train on, as may happen with very few learners.
    """
    log = data.log
    place = np.fromiter(map(_place_of, log.learner_ids), dtype=np.float64, count=log.n_learners)
    test = place < HELD_OUT_SHARE
    if test.all():
        raise InvalidValueError(
            f"all learners with interactions ({len(test):,}) belong to the tenth that is held out "
            "to judge models by, which leaves nobody to train on. Train again when there are more."
        )
    in_order = np.argsort(place, kind="stable")[: min(int(test.sum()), MOST_ASKED_LEARNERS)]
    n_rows = np.cumsum(np.diff(log.starts)[in_order])
    asked = np.zeros(log.n_learners, dtype=bool)
    asked[in_order[n_rows <= max(MOST_ASKED_ROWS, n_rows[:1].sum())]] = True
    return _strangers(data, test, np.zeros(log.n_learners, dtype=bool), rng, asked)


def _place_of(learner_id: str) -> float:
    """Return a number in [0,1) that hangs on the id alone."""
    digest = blake2b(learner_id.encode(), digest_size=8, person=b"held out").digest()
    return int.from_bytes(digest) / 2**64


def _strangers(
    data: TrainingData,
    test: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    rng: np.random.Generator,
    asked: NDArray[np.bool_] | None = None,
) -> Holdout:
    """Train on some learners and ask about the others, whose history is all but the last.

    `asked` says about which of the others; about all of them where it is None.
    """
    log = data.log
    asked = test if asked is None else asked
    if not valid.any():
        rest = np.flatnonzero(~test)
        valid[rest[_draw(len(rest), rng)]] = True
    history, target = hold_out_last(sequence_modules(log))
    allowed = ~test[log.learner]
    return Holdout(
        ranking_rows=allowed,
        success_rows=allowed,
        valid=valid,
        question=_ask(history, target, among=asked),
        asked_attempts=asked[log.learner] & (log.success >= 0),
        knows_learners=False,
        n_without_question=int((asked & (target == NO_TARGET)).sum()),
    )


def _time(data: TrainingData, rng: np.random.Generator, cutoff: datetime | None) -> Holdout:
    log = data.log
    if not log.is_timed:
        raise InvalidValueError(
            "--protocol time needs instants, but `at` holds ordinals (integers below 10⁸); "
            "use leave-last or splits"
        )
    seconds = (
        float(np.quantile(log.at_seconds, DEFAULT_CUTOFF_QUANTILE))
        if cutoff is None
        else (cutoff - EPOCH).total_seconds()
    )
    before = log.at_seconds < seconds
    if not before.any() or before.all():
        raise InvalidValueError(
            "the cutoff leaves no interactions on one of its sides; choose one within "
            "the span of the data with --cutoff"
        )
    history, target = hold_out_since(sequence_modules(log), seconds)
    return Holdout(
        ranking_rows=before,
        success_rows=before,
        valid=_draw(log.n_learners, rng),
        question=_ask(history, target),
        asked_attempts=~before & (log.success >= 0),
        knows_learners=True,
        n_without_question=len(np.unique(log.learner[~before])) - int((target != NO_TARGET).sum()),
        cutoff_seconds=seconds,
    )


def _draw(n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark a tenth of n, at least one where n ≥ 2."""
    chosen = np.zeros(n, dtype=bool)
    if n >= 2:
        chosen[rng.permutation(n)[: max(1, round(n * HELD_OUT_SHARE))]] = True
    return chosen


def _ask(
    history: Sequences, target: NDArray[np.int32], among: NDArray[np.bool_] | None = None
) -> Question:
    asked = target != NO_TARGET
    if among is not None:
        asked &= among
    return Question(
        learner=np.flatnonzero(asked), history=history.take(asked), target=target[asked]
    )


def sample_question(holdout: Holdout, n_learners: int, rng: np.random.Generator) -> Holdout:
    """Ask for the next module of only `n_learners`, drawn without replacement."""
    question = holdout.question
    if n_learners >= len(question.target):
        return holdout
    chosen = np.zeros(len(question.target), dtype=bool)
    chosen[rng.permutation(len(chosen))[:n_learners]] = True
    fewer = Question(
        learner=question.learner[chosen],
        history=question.history.take(chosen),
        target=question.target[chosen],
    )
    return replace(holdout, question=fewer)
