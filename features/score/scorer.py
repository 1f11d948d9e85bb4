"""The scorer binds a snapshot to a catalogue, once per pair of them, and scores learners."""

from dataclasses import dataclass

import numpy as np

from features.domain.errors import SnapshotError
from features.domain.history import LearnerHistory
from features.domain.personas import LearnerPersona
from features.encode.attempts import encode_evidence
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.encode.log import InteractionLog, encode_histories
from features.encode.state import LearnerState
from features.encode.words import index_words
from features.score.affinity import NONE, BoundAffinity, bind_affinity
from features.score.mastery import expected_mastery, mastery, mastery_shown, p_able
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
        state = self._state(history, arrays.log, now_seconds)
        if self.affinity is None:
            affinity, basis = np.zeros(len(self.index.module_ids)), NONE
            is_new = np.ones(len(affinity), dtype=bool)
        else:
            is_new = self.affinity.is_new
            role_id = history.learner.role_id
            affinity, basis = self.affinity.affinity(arrays.log, role_id, now_seconds)
        able = p_able(self.success, state)
        return Scores(
            affinity=affinity,
            affinity_basis=basis,
            is_new=is_new,
            p_success=able if self.version is None else self.success.p_success(state),
            p_able=able,
            standing=mastery(self.success, state),
            mastery_shown=mastery_shown(self.success, state),
            expected_mastery=expected_mastery(self.success, state),
        )

    def standing(self, history: LearnerHistory, now_seconds: float) -> Standing:
        """Return where a learner stands in every skill, without scoring modules."""
        log = encode_histories([history], self.index.module_ids, self.index.pass_marks)
        return mastery(self.success, self._state(history, log, now_seconds))

    def persona(self, history: LearnerHistory) -> LearnerPersona | None:
        """Return the persona a learner is most like; None without personas or enough history."""
        if self.personas is None:
            return None
        index = self.index
        return self.personas.persona_of(
            encode_histories([history], index.module_ids, index.pass_marks)
        )

    def _state(
        self, history: LearnerHistory, log: InteractionLog, now_seconds: float
    ) -> LearnerState:
        evidence = encode_evidence(history.evidence, log.learner_ids, self.index.skill_ids)
        learner = history.learner
        return self.success.learner_state(
            log, now_seconds, evidence, learner.role_id, learner.goal_role_id
        )


def bind(index: CatalogueIndex, snapshot: Snapshot | None) -> Scorer:
    """Bind a snapshot to a catalogue.

    Parameters
    ----------
    index
        The catalogue.
    snapshot
        None before the first training: p_success then rests on assumed levels and authored
        difficulties alone, and is p_able.

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
