"""One tuning: trials asked for, judged on validation learners, tracked; a verdict at the end."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.store.registry import Registry
from training.model_settings import ModelSettings, leaves_of, to_document, with_leaves
from training.tracking import Run, code_version, open_run
from training.train import ROOT
from training.tuning.judged import Objective, Verdict, compare, divide_learners
from training.tuning.plots import Shown, plot_history, plot_importances, plot_tried
from training.tuning.runs import STOPPED_EARLY_TAG, end_unfinished, known_run, trial_run
from training.tuning.space import SPACES, distributions, searched
from training.tuning.study import Facts, TuningStudy, alone_in, confirming_of, studies_folder

if TYPE_CHECKING:
    from optuna import Trial

SETTINGS_FILE = "settings.json"
IN_WORDS = {"ndcg_at_10": "NDCG@10", "log_loss": "log loss (nats)"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is tried, and under which name.

    Attributes
    ----------
    study
        Its trials are continued where it exists.
    n_trials
        In all, with those made before.
    seconds
        No trial is begun after that; None for no limit.
    seed, data_hash
        Of all random choices, and of the histories.
    restart
        Forget the trials made before.
    """

    study: str
    n_trials: int
    seed: int
    data_hash: str
    seconds: float | None = None
    restart: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a tuning is: trials done, and the measure of the best so far and of the default."""

    n_done: int
    best: float | None = None
    default: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What a tuning gave.

    Attributes
    ----------
    run_id
        The parent run in MLflow.
    n_trials, n_stopped_early
        Trials made in all, and those of them given up early.
    default, best
        What was measured on the learners searched with.
    settings
        The best found.
    verdict
        Whether they are better than the default on the other validation learners.
    """

    run_id: str
    n_trials: int
    n_stopped_early: int
    default: float
    best: float
    settings: Any
    verdict: Verdict


def tune(
    objective: Objective,
    plan: Plan,
    registry: Registry,
    report: Callable[[Progress], None] = lambda _: None,
) -> Tuned:
    """Try settings of one half until the plan is done, and compare the best with the default.

    Parameters
    ----------
    objective
        Fits and judges.
    plan
        How much.
    registry
        Runs are tracked where it is; studies are kept beside it.
    report
        Called when the tuning begins and after every trial.

    Raises
    ------
    ConflictError
        If the study is about other data, another seed or space, or another tuning is at work.
    InvalidValueError
        If there are too few validation learners.
    KeyboardInterrupt
        Where the user stops it; what is finished is kept, and the same call goes on from there.
    """
    registry.experiment_id()  # names what is wrong with the tracking store before any work
    folder = studies_folder(registry.tracking_uri)
    searching = divide_learners(objective.n_learners, plan.seed)
    facts = Facts(
        name=f"{registry.model_name}/{plan.study}/{objective.half}",
        data_hash=plan.data_hash,
        seed=plan.seed,
        n_learners=objective.n_learners,
        space=distributions(objective.half, objective.default),
        default=searched(objective.half, objective.default),
        larger_is_better=objective.larger_is_better,
    )
    tags = {"data_hash": plan.data_hash, "seed": str(plan.seed), **code_version(ROOT)}
    with alone_in(folder), TuningStudy.open(folder, facts, restart=plan.restart) as study:
        known = known_run(registry, study.run_id)
        with open_run(registry, f"tune {objective.half} {plan.study}", tags, known) as run:
            study.keep_run(run.run_id)
            end_unfinished(registry, run.run_id)
            search = _Search(objective, study, registry, run, searching)
            search.make_trials(plan, report)
            return search.conclude(plan)


class _Search:
    """The loop over trials, each a run nested in the study's."""

    def __init__(
        self,
        objective: Objective,
        study: TuningStudy,
        registry: Registry,
        run: Run,
        searching: NDArray[np.bool_],
    ) -> None:
        self._objective = objective
        self._study = study
        self._registry = registry
        self._run = run
        self._searching = searching

    def make_trials(self, plan: Plan, report: Callable[[Progress], None]) -> None:
        """Make trials until there are enough or the time is over."""
        started = perf_counter()
        report(self._progress())
        while (n_done := len(self._study.finished)) < plan.n_trials:
            # The first trial is made in any case: without the default there is no outcome.
            if plan.seconds is not None and n_done and perf_counter() - started >= plan.seconds:
                break
            self._make_trial(n_done + 1)
            report(self._progress())

    def conclude(self, plan: Plan) -> Tuned:
        """Compare the best with the default, and keep all with the run."""
        study, objective = self._study, self._objective
        best, default = study.best, study.default
        verdict = compare(
            confirming_of(best),
            confirming_of(default),
            larger_is_better=objective.larger_is_better,
        )
        tuned = Tuned(
            run_id=self._run.run_id,
            n_trials=len(study.finished),
            n_stopped_early=len(study.finished) - len(study.completed),
            default=default.values[0],
            best=best.values[0],
            settings=with_leaves(objective.default, best.params),
            verdict=verdict,
        )
        self._log(tuned, plan)
        return tuned

    def _make_trial(self, number: int) -> None:
        trial = self._study.ask()
        started = perf_counter()
        try:
            with trial_run(self._registry, self._run.run_id, number) as run:
                settings = with_leaves(self._objective.default, trial.params)
                run.log_parameters(leaves_of(settings))
                self._climb(trial, settings, run)
                run.log_metrics({"seconds": perf_counter() - started})
        finally:
            # Whatever went wrong, an interruption included: the next trial takes its place.
            self._study.abandon(trial)

    def _climb(self, trial: "Trial", settings: Any, run: Run) -> None:
        """Judge settings rung by rung, and end the trial where a low one shows little promise."""
        objective = self._objective
        for rung, judged in enumerate(objective.rungs(settings), start=1):
            searching = judged.take(self._searching)
            if rung == objective.n_rungs:
                run.log_metrics({f"validation.{objective.metric}": searching.mean})
                self._study.complete(trial, searching, judged.take(~self._searching))
                return
            run.log_metrics({f"estimate.{objective.metric}": searching.mean})
            trial.report(searching.mean, rung)
            if trial.should_prune():
                run.set_tag(STOPPED_EARLY_TAG, "true")
                self._study.stop_early(trial)
                return

    def _progress(self) -> Progress:
        if not self._study.completed:
            return Progress(n_done=0)
        return Progress(
            n_done=len(self._study.finished),
            best=self._study.best.value,
            default=self._study.default.value,
        )

    def _log(self, tuned: Tuned, plan: Plan) -> None:
        """Log the outcome, the settings and the pictures; again where the study went on."""
        document = outcome_of(tuned, plan, self._objective)
        self._run.log_metrics(document)
        self._run.set_tag("adopted", str(tuned.verdict.adopted).lower())
        with TemporaryDirectory() as scratch:
            adopted = ModelSettings(**{self._objective.half: tuned.settings})
            tuned_from = {self._objective.half: document}
            kept = to_document(adopted if tuned.verdict.adopted else ModelSettings(), tuned_from)
            (Path(scratch) / SETTINGS_FILE).write_text(json.dumps(kept, indent=2) + "\n")
            self._plot(tuned, Path(scratch))
            for path in sorted(Path(scratch).iterdir()):
                self._run.log_file(path)

    def _plot(self, tuned: Tuned, folder: Path) -> None:
        completed = self._study.completed
        place = {trial.number: k for k, trial in enumerate(self._study.finished, start=1)}
        spans = SPACES[self._objective.half]
        shown = Shown(
            measure=IN_WORDS[self._objective.metric],
            larger_is_better=self._objective.larger_is_better,
            number=[place[trial.number] for trial in completed],
            value=[trial.values[0] for trial in completed],
            values={name: [trial.params[name] for trial in completed] for name in spans},
            log=frozenset(name for name, span in spans.items() if span.log),
            n_stopped_early=tuned.n_stopped_early,
        )
        plot_history(shown, folder / "history.png")
        plot_tried(shown, folder / "tried.png")
        importances = self._study.importances()
        if importances:
            plot_importances(importances, len(completed), folder / "importances.png")


def outcome_of(tuned: Tuned, plan: Plan, objective: Objective) -> dict[str, Any]:
    """Return what a tuning gave as a JSON document."""
    return {
        "study": plan.study,
        "run_id": tuned.run_id,
        "data_hash": plan.data_hash,
        "seed": plan.seed,
        "metric": objective.metric,
        "n_trials": tuned.n_trials,
        "n_stopped_early": tuned.n_stopped_early,
        "searched": {"default": tuned.default, "best": tuned.best},
        "confirmed": asdict(tuned.verdict),
        "adopted": tuned.verdict.adopted,
    }
