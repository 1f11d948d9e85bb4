"""One split for everybody, and one judge: what contestants are told, and how they did."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from exchange import N_JUDGED, Histories, Lists, Split
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from features.encode.sequences import NO_TARGET, Sequences, hold_out_last, sequence_modules
from training.evaluation.protocols import Protocol, hold_out, sample_question
from training.evaluation.ranking_metrics import RankedTargets, rank_of_target
from training.histories.data import read_folder_data

N_TUNING = 2000


@dataclass(frozen=True, kw_only=True)
class Contest:
    """A split, the one to choose settings on, and the answers to both.

    Attributes
    ----------
    test, tuning
        What contestants are told.
    target, tuning_target
        int32, (n_asked,), the module each learner asked about met next; of `test` only the judge
        knows it.
    """

    test: Split
    target: NDArray[np.int32]
    tuning: Split
    tuning_target: NDArray[np.int32]

    def write(self, folder: Path) -> None:
        """Write what contestants may know."""
        self.test.save(folder / "test.npz")
        self.tuning.save(folder / "tuning.npz")
        np.save(folder / "tuning_target.npy", self.tuning_target)


class UnfairListsError(ValueError):
    """Lists that break the rules, and which."""


def prepare(folder: Path, protocol: Protocol, n_learners: int, seed: int, now: datetime) -> Contest:
    """Split a history folder as `waymark evaluate` does with the same seed.

    Raises
    ------
    WaymarkError
        If the folder cannot be read or split, or nobody has a next module to ask for.
    """
    data = read_folder_data(folder, now=now)
    rng = np.random.default_rng(seed)
    holdout = sample_question(hold_out(data, protocol, rng), n_learners, rng)
    if not len(holdout.question.target):
        raise InvalidValueError(f"{folder}: no held-out learner has two modules, so none is asked")
    train = sequence_modules(data.log.take(holdout.ranking_rows))
    test = Split(
        train=_neutral(train),
        asked=holdout.question.learner,
        history=_neutral(holdout.question.history),
        valid=holdout.valid,
        knows_learners=holdout.knows_learners,
        n_modules=data.log.n_modules,
        seed=seed,
    )
    tuning, tuning_target = _for_tuning(train, test)
    return Contest(
        test=test, target=holdout.question.target, tuning=tuning, tuning_target=tuning_target
    )


def _for_tuning(train: Sequences, test: Split) -> tuple[Split, NDArray[np.int32]]:
    """Do with validation learners what the test does with test learners.

    Where the test asks about learners who are trained on, only the last modules of the validation
    learners are taken away; else all of theirs.
    """
    history, target = hold_out_last(train)
    asked = test.valid & (target != NO_TARGET)
    asked[np.flatnonzero(asked)[N_TUNING:]] = False
    if test.knows_learners:
        rows = train.module != np.where(asked, target, NO_TARGET)[train.learner]
    else:
        rows = ~test.valid[train.learner]
    split = Split(
        train=_neutral(train.keep(rows)),
        asked=np.flatnonzero(asked),
        history=_neutral(history.take(asked)),
        valid=test.valid,
        knows_learners=test.knows_learners,
        n_modules=test.n_modules,
        seed=test.seed,
    )
    return split, target[asked]


def _neutral(sequences: Sequences) -> Histories:
    return Histories(
        indptr=sequences.indptr, module=sequences.module, at_seconds=sequences.at_seconds
    )


def judge(lists: Lists, contest: Contest) -> RankedTargets:
    """Rank the held-out modules in lists, by scores; ties count half against the model.

    A module that is not listed ranks behind all that are and can be no hit.

    Raises
    ------
    UnfairListsError
        If modules are listed twice, do not exist or had been met, or scores are not in order.
    """
    listed = lists.module >= 0
    _require_fair(lists, listed, contest.test)
    found = lists.module == contest.target[:, None]
    rank = rank_of_target(lists.score, found.argmax(axis=1), ~listed)
    missed = max(lists.module.shape[1], N_JUDGED) + 1
    return RankedTargets(
        rank=np.where(found.any(axis=1), rank, missed),
        top=lists.module[:, :N_JUDGED],
        n_modules=contest.test.n_modules,
    )


def _require_fair(lists: Lists, listed: NDArray[np.bool_], split: Split) -> None:
    if lists.module.shape[0] != len(split.asked) or lists.module.max(initial=-1) >= split.n_modules:
        raise UnfairListsError("not one list a learner, or modules that do not exist")
    learner, _ = np.nonzero(listed)
    pairs = learner * split.n_modules + lists.module[listed]
    if len(np.unique(pairs)) < len(pairs):
        raise UnfairListsError("lists a module twice")
    met = split.history.learner * split.n_modules + split.history.module
    if np.isin(pairs, met).any():
        raise UnfairListsError("lists modules the learner had met")
    if not np.isfinite(lists.score[listed]).all():
        raise UnfairListsError("lists modules without a score")
    scores = np.where(listed, lists.score, -np.inf)
    if (scores[:, 1:] > scores[:, :-1]).any():
        raise UnfairListsError("lists modules out of the order of their scores")
