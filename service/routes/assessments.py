"""Pre-assessments: ask little, learn much, and let learners start where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from fastapi import APIRouter

from features.decide.assessed import evidence_of, waivers_of
from features.decide.assessing import Ground, ground_of, open_assessment, stand, take_answer
from features.decide.journey import StepState
from features.domain.assessment import Answer, Assessment, AssessmentStanding
from features.domain.errors import NotFoundError
from features.store.workspace import Repositories
from service.auth import Recommender
from service.routes.paths import PathId
from service.schemas.assessments import AnswerBody, AssessmentBody, AssessmentView
from service.state import CurrentService, Now, Service

router = APIRouter(prefix="/v1", tags=["assessments"])


@dataclass(frozen=True, kw_only=True)
class _Sitting:
    """One request about an assessment: the service, its transaction, and the instant."""

    service: Service
    repositories: Repositories
    now: datetime

    def ground(self, learner_id: str) -> Ground:
        """Read learner and catalogue as they are now."""
        scorer = self.service.rankings.current(self.repositories)
        return ground_of(self.repositories.learners.history(learner_id), scorer, self.now)

    def keep(self, standing: AssessmentStanding) -> None:
        """Write the assessment; at its end also evidence, and what it waives."""
        assessment = standing.assessment
        self.repositories.learners.add_bare_learners([assessment.learner_id])
        self.repositories.assessments.put(assessment)
        self.repositories.events.add_evidence(evidence_of(standing))
        self.repositories.events.add(waivers_of(assessment))

    def view(self, standing: AssessmentStanding) -> Mapping[str, object]:
        """Return the assessment as it is answered."""
        assessment = standing.assessment
        is_done = assessment.finished_at is not None
        return {
            "assessment_id": assessment.assessment_id,
            "learner_id": assessment.learner_id,
            "next": None if is_done else {"module_id": assessment.next_module_id},
            "levels": standing.levels,
            "n_answers": len(assessment.answers),
            "done": is_done,
            "waived": assessment.waived,
            "entry_points": self._entry_points(assessment.learner_id) if is_done else [],
        }

    def _entry_points(self, learner_id: str) -> list[Mapping[str, object]]:
        return [
            {
                "pathway_id": each.index.pathway.pathway_id,
                "step_ids": [
                    step.index.step.step_id
                    for step in each.steps
                    if step.state is StepState.OPEN and not step.index.step.optional
                ],
            }
            for each in self.ground(learner_id).case.journey.pathways
        ]


@router.post("/assessments", response_model=AssessmentView)
def begin(
    body: AssessmentBody, _caller: Recommender, service: CurrentService, now: Now
) -> Mapping[str, object]:
    """Begin an assessment; `next` is the question to ask first."""
    service.pseudonyms.require({"learner_id": body.learner_id})
    with service.database.transaction() as repositories:
        sitting = _Sitting(service=service, repositories=repositories, now=now)
        assessment = Assessment(
            assessment_id=str(uuid4()),
            learner_id=body.learner_id,
            skill_ids=tuple(dict.fromkeys(body.skill_ids or _asked_by(sitting, body.role_id))),
            max_questions=body.max_questions,
            goal_standard_error=body.standard_error,
            prior_mean=(),
            prior_covariance=(),
            started_at=now,
        )
        standing = open_assessment(sitting.ground(body.learner_id), assessment, now)
        sitting.keep(standing)
        return sitting.view(standing)


@router.post("/assessments/{assessment_id}/answers", response_model=AssessmentView)
def answer(
    assessment_id: PathId,
    body: AnswerBody,
    _caller: Recommender,
    service: CurrentService,
    now: Now,
) -> Mapping[str, object]:
    """Take the answer to the open question; the same again changes nothing.

    At the end the levels are kept as evidence, and modules the learner has no need of are waived.
    """
    success = float(bool(body.success)) if body.score is None else body.score
    with service.database.transaction() as repositories:
        sitting = _Sitting(service=service, repositories=repositories, now=now)
        assessment = repositories.assessments.get(assessment_id)
        given = Answer(module_id=body.module_id, success=success)
        ground = sitting.ground(assessment.learner_id)
        standing = take_answer(ground, assessment, given, now)
        if standing.assessment != assessment:
            sitting.keep(standing)
        return sitting.view(standing)


@router.get("/assessments/{assessment_id}", response_model=AssessmentView)
def get_assessment(
    assessment_id: PathId, _caller: Recommender, service: CurrentService, now: Now
) -> Mapping[str, object]:
    """Return an assessment as it stands."""
    with service.database.transaction() as repositories:
        sitting = _Sitting(service=service, repositories=repositories, now=now)
        assessment = repositories.assessments.get(assessment_id)
        return sitting.view(stand(sitting.ground(assessment.learner_id), assessment))


def _asked_by(sitting: _Sitting, role_id: str | None) -> tuple[str, ...]:
    role = sitting.repositories.catalogue.get_role(role_id or "")
    if not role.requirements:
        raise NotFoundError(f"role {role.role_id!r} asks for no skill: nothing can be assessed")
    return tuple(requirement.skill_id for requirement in role.requirements)
