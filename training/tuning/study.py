"""An Optuna study of one half: kept in a file, so that it goes on where it was stopped.

Trial k draws from a generator seeded by (seed, k), and the sampler looks at finished trials only:
a study that was stopped and taken up again makes the trials of one that never was.
"""

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.domain.errors import ConflictError, RegistryError
from features.store.registry import sqlite_path
from training.tuning.judged import Judged

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial, TrialState

STUDIES = "studies.db"
LOCK = "studies.lock"
RUN = "run_id"
DEFAULT = "default"
CONFIRMING = "confirming"
N_RANDOM = 8  # trials before the sampler starts to learn from those before
N_SPARED = 5  # trials before any is stopped early
KEPT_PERCENTILE = 60.0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What all trials of a study must share, and what a search goes by.

    Attributes
    ----------
    name
        Of the study, as Optuna knows it.
    data_hash, seed
        Of what is learned from, and of every random choice.
    n_learners
        How many validation learners are asked; a splits table changes it, and not the data's hash.
    space
        Dotted name → where it is looked for.
    default
        Dotted name → the value the first trial takes.
    larger_is_better
        Which way.
    """

    name: str
    data_hash: str
    seed: int
    n_learners: int
    space: Mapping[str, "BaseDistribution"]
    default: Mapping[str, Any]
    larger_is_better: bool

    @property
    def identity(self) -> dict[str, str]:
        """What a study is refused for, in words → as text."""
        space = {name: repr(where) for name, where in self.space.items()}
        return {
            "data": self.data_hash,
            "seed": str(self.seed),
            "number of validation learners": str(self.n_learners),
            "search space": json.dumps([space, dict(self.default)], sort_keys=True),
        }


def studies_folder(tracking_uri: str) -> Path:
    """Return where studies are kept: beside a sqlite tracking database, else in `mlruns`."""
    database = sqlite_path(tracking_uri)
    return Path("mlruns") if database is None else database.parent


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let no other tuning into the folder meanwhile: an unfinished trial is then nobody's.

    Raises
    ------
    ConflictError
        If another one is at work there.
    RegistryError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise RegistryError(
            f"studies cannot be kept in {folder}: {error.strerror}. Run where it can be written."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"another `waymark tune` is at work in {folder}: wait for it, or stop it first"
            ) from error
        yield


class TuningStudy:
    """The trials made so far, and the next one."""

    def __init__(self, study: "Study", facts: Facts) -> None:
        self._study = study
        self._facts = facts

    @classmethod
    @contextmanager
    def open(cls, folder: Path, facts: Facts, *, restart: bool) -> Iterator["TuningStudy"]:
        """Open the study of that name, or begin it, and close its file afterwards.

        Parameters
        ----------
        folder
            Holds the file of all studies; nobody else may be at work in it.
        facts
            What the study is about.
        restart
            Forget the trials made before.

        Raises
        ------
        ConflictError
            If the study is about other data, another seed or another space.
        RegistryError
            If the file is no database.
        """
        import optuna  # noqa: PLC0415 - a third of a second

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with _storage_in(folder / STUDIES) as storage:
            if restart and facts.name in optuna.get_all_study_names(storage):
                optuna.delete_study(study_name=facts.name, storage=storage)
            study = optuna.create_study(
                storage=storage,
                study_name=facts.name,
                direction="maximize" if facts.larger_is_better else "minimize",
                pruner=optuna.pruners.PercentilePruner(KEPT_PERCENTILE, n_startup_trials=N_SPARED),
                load_if_exists=True,
            )
            opened = cls(study, facts)
            opened._require_same()
            opened._forget_unfinished()
            yield opened

    @property
    def run_id(self) -> str | None:
        """The MLflow run the study was tracked in so far."""
        return self._study.user_attrs.get(RUN)

    def keep_run(self, run_id: str) -> None:
        """Remember the MLflow run."""
        self._study.set_user_attr(RUN, run_id)

    @property
    def finished(self) -> list["FrozenTrial"]:
        """The trials that ended, to the end or stopped early, in order."""
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        return self._in(TrialState.COMPLETE, TrialState.PRUNED)

    @property
    def completed(self) -> list["FrozenTrial"]:
        """The trials that went to the end, in order."""
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        return self._in(TrialState.COMPLETE)

    @property
    def best(self) -> "FrozenTrial":
        """The best of the completed trials, the first of equals."""
        sign = -1.0 if self._facts.larger_is_better else 1.0
        return min(self.completed, key=lambda trial: sign * trial.values[0])

    @property
    def default(self) -> "FrozenTrial":
        """The trial of the default settings."""
        return next(trial for trial in self.completed if DEFAULT in trial.user_attrs)

    def ask(self) -> "Trial":
        """Begin the next trial."""
        from optuna.samplers import TPESampler  # noqa: PLC0415 - a third of a second
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        finished = self.finished
        seeds = np.random.SeedSequence([self._facts.seed, len(finished)])
        self._study.sampler = TPESampler(
            seed=int(seeds.generate_state(1)[0]), n_startup_trials=N_RANDOM, multivariate=True
        )
        if not finished and not self._in(TrialState.WAITING):
            self._study.enqueue_trial(dict(self._facts.default), user_attrs={DEFAULT: True})
        return self._study.ask(dict(self._facts.space))

    def complete(self, trial: "Trial", searching: Judged, confirming: Judged) -> None:
        """End a trial with what it gave on the learners who search and on those who confirm."""
        trial.set_user_attr(
            CONFIRMING,
            {"total": confirming.total.tolist(), "count": confirming.count.tolist()},
        )
        self._study.tell(trial, searching.mean)

    def stop_early(self, trial: "Trial") -> None:
        """End a trial that promises little."""
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        self._study.tell(trial, state=TrialState.PRUNED)

    def abandon(self, trial: "Trial") -> None:
        """Give up a trial unless it has ended; the next one takes its place."""
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        self._study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)

    def importances(self) -> dict[str, float]:
        """Return the share of each setting in what differs between trials (fANOVA).

        Empty where there are too few trials or nothing differs.

        References
        ----------
        Hutter, F., Hoos, H. & Leyton-Brown, K. (2014). An efficient approach for assessing
        hyperparameter importance.
        """
        from optuna.importance import (  # noqa: PLC0415 - a second
            FanovaImportanceEvaluator,
            get_param_importances,
        )

        values = {trial.values[0] for trial in self.completed}
        if len(values) < N_SPARED:
            return {}
        evaluator = FanovaImportanceEvaluator(seed=self._facts.seed)
        return dict(get_param_importances(self._study, evaluator=evaluator))

    def _require_same(self) -> None:
        for what, value in self._facts.identity.items():
            known = self._study.user_attrs.get(what)
            if known is None:
                self._study.set_user_attr(what, value)
            elif known != value:
                raise ConflictError(
                    f"the study {self._facts.name!r} was begun with another {what}, so its trials "
                    "cannot be compared with new ones: give a new name with --study, or forget "
                    "them with --restart"
                )

    def _forget_unfinished(self) -> None:
        """Fail what a killed process left running."""
        from optuna.trial import TrialState  # noqa: PLC0415 - a third of a second

        for trial in self._in(TrialState.RUNNING):
            self._study.tell(trial.number, state=TrialState.FAIL)

    def _in(self, *states: "TrialState") -> list["FrozenTrial"]:
        return self._study.get_trials(deepcopy=False, states=states)


def confirming_of(trial: "FrozenTrial") -> Judged:
    """Return what a completed trial gave on the learners who confirm."""
    kept = trial.user_attrs[CONFIRMING]
    return Judged(
        total=np.array(kept["total"], dtype=np.float64),
        count=np.array(kept["count"], dtype=np.int64),
    )


@contextmanager
def _storage_in(path: Path) -> Iterator["RDBStorage"]:
    from optuna.storages import RDBStorage  # noqa: PLC0415 - a third of a second

    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise RegistryError(
            f"the studies in {path} cannot be read: {error}. Move the file away to begin anew."
        ) from error
    storage = RDBStorage(f"sqlite:///{path}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
