"""A pre-assessment of the skills a role requires, by the code that serves."""

from collections.abc import Sequence
from datetime import datetime

from features.decide.assessed import evidence_of, waivers_of
from features.decide.assessing import ground_of, open_assessment, take_answer
from features.domain.assessment import Answer, Assessment
from features.domain.history import Evidence, Interaction, LearnerHistory
from features.score.scorer import Scorer
from training.simulation.parameters import Questions
from training.simulation.questions import Question, QuestionBank


class Sitting:
    """One learner's pre-assessment, from the first question to what it leaves behind.

    Parameters
    ----------
    history
        Of a learner with a role; nothing is added to it before the end.
    scorer
        Bound to the bank's catalogue.
    bank, parameters
        What may be asked, and when it ends.
    now
        Aware UTC.
    """

    def __init__(
        self,
        history: LearnerHistory,
        scorer: Scorer,
        bank: QuestionBank,
        parameters: Questions,
        now: datetime,
    ) -> None:
        [role] = (
            each for each in bank.index.catalogue.roles if each.role_id == history.learner.role_id
        )
        wanted = Assessment(
            assessment_id=history.learner.learner_id,
            learner_id=history.learner.learner_id,
            skill_ids=tuple(requirement.skill_id for requirement in role.requirements),
            max_questions=parameters.most,
            goal_standard_error=parameters.goal_standard_error,
            prior_mean=(),
            prior_covariance=(),
            started_at=now,
        )
        self._bank = bank
        # The service reads the ground anew at each answer; in these minutes it stays what it was.
        self._ground = ground_of(history, scorer, now)
        self._standing = open_assessment(self._ground, wanted, now)

    @property
    def question(self) -> Question | None:
        """The question that is open, None at the end."""
        module_id = self._standing.assessment.next_module_id
        return None if module_id is None else self._bank.truth[module_id]

    def answer(self, *, is_right: bool, now: datetime) -> None:
        """Take the answer to the open question."""
        assessment = self._standing.assessment
        given = Answer(module_id=str(assessment.next_module_id), success=float(is_right))
        self._standing = take_answer(self._ground, assessment, given, now)

    @property
    def evidence(self) -> Sequence[Evidence]:
        """What the answers say, once it has ended."""
        return evidence_of(self._standing)

    @property
    def waivers(self) -> Sequence[Interaction]:
        """What the learner need not take, once it has ended."""
        return waivers_of(self._standing.assessment)
