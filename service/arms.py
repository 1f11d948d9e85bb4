"""What experiments that are under way make of a request: the variants a learner is served."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from features.decide.arms import (
    arrange,
    consults,
    policy_of_arm,
    rearranges,
    snapshot_of_arm,
)
from features.decide.assignment import Placement, Trial, assign
from features.domain.catalogue import Policy
from features.domain.errors import SnapshotError
from features.domain.experiment import Enrolment, ExperimentState, Exposure
from features.domain.history import Learner
from features.domain.recommendation import DecisionRequest
from features.score.scorer import Scorer, bind
from features.score.snapshot import Snapshot
from features.store.workspace import Repositories

log = logging.getLogger("waymark.arms")

type Arrangement = tuple[str | None, tuple[tuple[str, str], ...]]
"""The version of a snapshot, and the variants that rearrange the catalogue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """What a learner is served, and why.

    Attributes
    ----------
    scorer, policy
        Of the variants; no policy where none names one.
    placements
        The experiments behind it.
    lacks
        Experiments the learner would be part of that cannot be carried out here, and why.
    """

    scorer: Scorer
    policy: Policy | None
    placements: tuple[Placement, ...]
    lacks: tuple[str, ...]


@dataclass(kw_only=True)
class _Made:
    """Scorers made beside a default one: of other snapshots, and of rearranged catalogues."""

    default: Scorer | None = None
    models: dict[str, Scorer | None] = field(default_factory=dict)
    arranged: dict[Arrangement, Scorer] = field(default_factory=dict)


class Arms:
    """The experiments under way as a worker sees them, and what it serves their variants with."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started: tuple[int | None, tuple[Trial, ...]] = (None, ())
        self._held: Mapping[str, Snapshot] = {}
        self._made = _Made()

    def hold(self, snapshots: Mapping[str, Snapshot]) -> None:
        """Keep snapshots at hand for experiments, by version, in place of those before."""
        with self._lock:
            self._held = dict(snapshots)
            self._made = _Made()

    def find(
        self, repositories: Repositories, revision: int, default: Scorer, request: DecisionRequest
    ) -> Arm | None:
        """Return what experiments make of a request, None where they make nothing of it.

        An experiment one of whose snapshots is not at hand serves nobody a variant, whichever
        theirs is: otherwise its arms would be of different times.

        Parameters
        ----------
        repositories
            Of the transaction that read the rest.
        revision
            Of the experiments.
        default
            The scorer without experiments.
        request
            Who asks for what, and when.
        """
        trials = [
            trial
            for trial in self._started_at(revision, repositories)
            if trial.experiment.state(request.now) is ExperimentState.RUNNING
        ]
        if not trials:
            return None
        placements = [
            placement
            for placement in _place(repositories, trials, request.history.learner, request.now)
            if consults(placement, request)
        ]
        missing = [self._missing(each.trial, default) for each in placements]
        able = tuple(each for each, lack in zip(placements, missing, strict=True) if not lack)
        return Arm(
            scorer=self._scorer(default, able),
            policy=policy_of_arm(able),
            placements=able,
            lacks=tuple(filter(None, missing)),
        )

    def _started_at(self, revision: int, repositories: Repositories) -> tuple[Trial, ...]:
        known, trials = self._started
        if known != revision:
            trials = tuple(Trial(experiment=each) for each in repositories.experiments.started())
            self._started = (revision, trials)
        return trials

    def _missing(self, trial: Trial, default: Scorer) -> str:
        """Say which snapshots of an experiment are not at hand; nothing where all are."""
        named = sorted(trial.experiment.snapshots)
        missing = [version for version in named if self._models(default, version) is None]
        if not missing:
            return ""
        return (
            f"experiment {trial.experiment_id} waits for snapshot {', '.join(missing)}: "
            "served as by default"
        )

    def _scorer(self, default: Scorer, placements: Sequence[Placement]) -> Scorer:
        """Return the scorer of an arm."""
        version = snapshot_of_arm(placements)
        scorer = (self._models(default, version) if version is not None else None) or default
        rearranging = tuple(filter(rearranges, placements))
        if not rearranging:
            return scorer
        variants = tuple((each.trial.experiment_id, each.variant_id) for each in rearranging)
        with self._lock:
            arranged = self._made_for(default).arranged
            key = (scorer.version, variants)
            if key not in arranged:
                arranged[key] = replace(scorer, index=arrange(scorer.index, rearranging))
            return arranged[key]

    def _models(self, default: Scorer, version: str) -> Scorer | None:
        """Return a scorer of a snapshot, None where it is not at hand or cannot be used."""
        if version == default.version:
            return default
        with self._lock:
            models = self._made_for(default).models
            if version not in models:
                models[version] = self._bind(default, version)
            return models[version]

    def _bind(self, default: Scorer, version: str) -> Scorer | None:
        if version not in self._held:
            return None
        try:
            return bind(default.index, self._held[version])
        except SnapshotError as error:
            log.warning("%s", error.detail)
            return None

    def _made_for(self, default: Scorer) -> _Made:
        """Return what was made for this catalogue and champion; of any other it is forgotten."""
        if self._made.default is not default:
            self._made = _Made(default=default)
        return self._made


def note(
    repositories: Repositories,
    recommendation_id: str,
    placements: Sequence[Placement],
    learner_id: str,
    at: datetime,
) -> bool:
    """Enrol a learner where they are new, and record what the answer exposed them to.

    Previews leave no trace.

    Returns
    -------
    bool
        False where another request has enrolled the learner, or their group, in another variant
        meanwhile: nothing of the transaction may be kept then.
    """
    counted = [each for each in placements if not each.is_preview]
    new = [each for each in counted if each.enrolment is None]
    if not repositories.experiments.enrol(
        [_enrolment(each, learner_id, at) for each in new],
        [each.trial.experiment_id for each in new if each.trial.assigns_groups],
    ):
        return False
    repositories.experiments.add_exposures(
        [
            Exposure(
                experiment_id=each.trial.experiment_id,
                variant_id=each.variant_id,
                learner_id=learner_id,
                unit_id=each.unit_id,
                recommendation_id=recommendation_id,
                at=at,
            )
            for each in counted
        ]
    )
    return True


def _enrolment(placement: Placement, learner_id: str, at: datetime) -> Enrolment:
    return Enrolment(
        experiment_id=placement.trial.experiment_id,
        learner_id=learner_id,
        unit_id=placement.unit_id,
        variant_id=placement.variant_id,
        phase=placement.phase,
        at=at,
    )


def _place(
    repositories: Repositories, trials: Sequence[Trial], learner: Learner, now: datetime
) -> tuple[Placement, ...]:
    enrolled = repositories.experiments.enrolled(learner.learner_id)
    groups = {
        trial.experiment_id: unit_id
        for trial in trials
        if trial.assigns_groups and trial.experiment_id not in enrolled
        if (unit_id := trial.unit_of(learner)) is not None
    }
    assigned = repositories.experiments.variants_of_groups(groups)
    return assign(trials, learner, enrolled, assigned, now)
