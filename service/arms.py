"""What experiments that are under way make of a request: the variants a learner is served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from features.decide.arms import (
    REARRANGING,
    arrange,
    consults,
    policy_of_arm,
    snapshot_of_arm,
)
from features.decide.assignment import Placement, Trial, assign
from features.domain.catalogue import Policy
from features.domain.experiment import Enrolment, ExperimentState, Exposure
from features.domain.history import Learner
from features.domain.recommendation import DecisionRequest
from features.score.scorer import Scorer, bind
from features.score.snapshot import Snapshot
from features.store.workspace import Repositories

type Arrangement = tuple[str | None, tuple[tuple[str, str], ...]]
"""Version of a snapshot (None: the default's), and which variants rearrange the catalogue."""


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


class Arms:
    """The experiments under way as a worker sees them, and what it serves their variants with."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started: tuple[int | None, tuple[Trial, ...]] = (None, ())
        self._held: Mapping[str, Snapshot] = {}
        self._made: tuple[Scorer | None, dict[Arrangement, Scorer]] = (None, {})

    def hold(self, snapshots: Mapping[str, Snapshot]) -> None:
        """Keep snapshots at hand for experiments, by version, in place of those before."""
        with self._lock:
            self._held = dict(snapshots)
            self._made = (None, {})

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
        named = {each.pinned.snapshot for each in trial.experiment.variants} - {None}
        missing = sorted(filter(None, named - self._held.keys() - {default.version}))
        if not missing:
            return ""
        return (
            f"experiment {trial.experiment_id} waits for snapshot {', '.join(missing)}: "
            "served as by default"
        )

    def _scorer(self, default: Scorer, placements: Sequence[Placement]) -> Scorer:
        """Return the scorer of an arm, made once for each catalogue."""
        version = snapshot_of_arm(placements)
        rearranging = tuple(each for each in placements if each.trial.kinds & REARRANGING)
        key: Arrangement = (
            None if version == default.version else version,
            tuple((each.trial.experiment_id, each.variant_id) for each in rearranging),
        )
        if key == (None, ()):
            return default
        with self._lock:
            of, made = self._made
            if of is not default:
                made = {}
                self._made = (default, made)
            if key not in made:
                made[key] = self._make(default, key[0], rearranging)
            return made[key]

    def _make(
        self, default: Scorer, version: str | None, rearranging: Sequence[Placement]
    ) -> Scorer:
        scorer = default if version is None else bind(default.index, self._held[version])
        if not rearranging:
            return scorer
        return replace(scorer, index=arrange(default.index, rearranging))


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
