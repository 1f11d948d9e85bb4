"""The scorer binds a snapshot to a catalogue, once per pair of them, and scores learners."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import SnapshotError
from features.domain.history import LearnerHistory
from features.domain.personas import LearnerPersona
from features.encode.attempts import encode_evidence
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.encode.log import InteractionLog, encode_histories, join_logs
from features.encode.state import LearnerStates
from features.encode.words import index_words
from features.score.affinity import NONE, BoundAffinity, bind_affinity
from features.score.mastery import expected_mastery, mastery, mastery_shown, p_success
from features.score.personas import BoundPersonas, bind_personas
from features.score.scores import Scores, Standing
from features.score.snapshot import Snapshot
from features.score.success import BoundSuccess, SuccessModel
from features.score.untrained import untrained_success

RANKING, SUCCESS, PERSONAS = "ranking", "success", "personas"


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Models aligned with one catalogue; immutable, so that workers swap it whole.

    `affinity` is None where no ranking model is at hand, `personas` where none were found.
    """

    index: CatalogueIndex
    version: str | None
    affinity: BoundAffinity | None
    success: BoundSuccess
    personas: BoundPersonas | None = None

    def score(self, history: LearnerHistory, arrays: LearnerArrays, now_seconds: float) -> Scores:
        """Score every module and skill for one learner.

        Parameters
        ----------
        history, arrays
            The learner, as read and as encoded against this scorer's index.
        now_seconds
            Seconds since 1970; no event is later.
        """
        return self.score_all([history], [arrays], np.array([now_seconds]))[0]

    def score_all(
        self,
        histories: Sequence[LearnerHistory],
        arrays: Sequence[LearnerArrays],
        now_seconds: NDArray[np.float64],
    ) -> list[Scores]:
        """Score every module and skill for several learners, as `score` does for each.

        Together they cost far less than one after the other: most of what one costs are calls.

        Parameters
        ----------
        histories, arrays
            Different learners.
        now_seconds
            float64, (n,).
        """
        timed = np.array([each.log.is_timed for each in arrays], dtype=bool)
        if not timed.all() and timed.any():
            # Whether instants are points in time is told of whole logs.
            return self._score_apart(timed, histories, arrays, now_seconds)
        log = join_logs([each.log for each in arrays])
        states = self._states(histories, log, now_seconds)
        n = len(histories)
        if self.affinity is None:
            affinity, bases = np.zeros((n, len(self.index.module_ids))), [NONE] * n
            is_new = np.ones(affinity.shape[1], dtype=bool)
        else:
            is_new = self.affinity.is_new
            role_ids = [each.learner.role_id for each in histories]
            affinity, bases = self.affinity.affinity(log, role_ids, now_seconds)
        chance = p_success(self.success, states, is_trained=self.version is not None)
        shown = mastery_shown(self.success, states)
        expected = expected_mastery(self.success, states)
        return [
            Scores(
                affinity=affinity[row],
                affinity_basis=bases[row],
                is_new=is_new,
                p_success=chance[row],
                standing=standing,
                mastery_shown=shown[row],
                expected_mastery=expected[row],
            )
            for row, standing in enumerate(mastery(self.success, states))
        ]

    def _score_apart(
        self,
        marked: NDArray[np.bool_],
        histories: Sequence[LearnerHistory],
        arrays: Sequence[LearnerArrays],
        now_seconds: NDArray[np.float64],
    ) -> list[Scores]:
        """Score those marked and the others, each by themselves."""
        found: dict[int, Scores] = {}
        for some in (marked.nonzero()[0], (~marked).nonzero()[0]):
            rows = some.tolist()
            scores = self.score_all(
                [histories[row] for row in rows], [arrays[row] for row in rows], now_seconds[some]
            )
            found |= zip(rows, scores, strict=True)
        return [found[row] for row in range(len(histories))]

    def standing(self, history: LearnerHistory, now_seconds: float) -> Standing:
        """Return where a learner stands in every skill, without scoring modules."""
        log = encode_histories([history], self.index.module_ids, self.index.pass_marks)
        return mastery(self.success, self._states([history], log, np.array([now_seconds])))[0]

    def persona(self, history: LearnerHistory) -> LearnerPersona | None:
        """Return the persona a learner is most like; None without personas or enough history."""
        if self.personas is None:
            return None
        index = self.index
        return self.personas.persona_of(
            encode_histories([history], index.module_ids, index.pass_marks)
        )

    def _states(
        self,
        histories: Sequence[LearnerHistory],
        log: InteractionLog,
        now_seconds: NDArray[np.float64],
    ) -> LearnerStates:
        judged = [judgement for history in histories for judgement in history.evidence]
        evidence = (
            encode_evidence(judged, log.learner_ids, self.index.skill_ids) if judged else None
        )
        roles = self.success.levels.roles(
            [each.learner.role_id for each in histories],
            [each.learner.goal_role_id for each in histories],
        )
        return self.success.learner_states(log, now_seconds, evidence, roles)


def bind(index: CatalogueIndex, snapshot: Snapshot | None) -> Scorer:
    """Bind a snapshot to a catalogue.

    Parameters
    ----------
    index
        The catalogue.
    snapshot
        None before the first training: p_success then rests on assumed levels and authored
        difficulties alone.

    Raises
    ------
    SnapshotError
        If the snapshot lacks an array or its arrays do not fit each other.
    """
    words = index_words(index.modules)
    if snapshot is None:
        return Scorer(
            index=index,
            version=None,
            affinity=None,
            success=untrained_success().bind(index.skills, words),
        )
    ranking, success = snapshot.part(RANKING), snapshot.part(SUCCESS)
    try:
        model = SuccessModel.from_arrays(success) if success else untrained_success()
        return Scorer(
            index=index,
            version=snapshot.version,
            affinity=bind_affinity(ranking, index) if ranking else None,
            success=model.bind(index.skills, words),
            personas=bind_personas(snapshot.manifest.get(PERSONAS, {}), index),
        )
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise SnapshotError(
            f"snapshot {snapshot.version or '(unregistered)'} does not hold what this program "
            f"reads ({type(error).__name__}: {error}). Train again with this version."
        ) from error
