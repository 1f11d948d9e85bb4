"""What an assessment leaves behind once it has ended: evidence, and modules that are waived."""

from features.domain.assessment import Assessment, AssessmentStanding
from features.domain.history import Event, Evidence, Interaction

SOURCE = "assessment"


def evidence_of(standing: AssessmentStanding) -> list[Evidence]:
    """Return one judgement for each skill assessed, as of the end; none before it or unanswered."""
    assessment = standing.assessment
    if assessment.finished_at is None or not assessment.answers:
        return []
    return [
        Evidence(
            learner_id=assessment.learner_id,
            skill_id=skill_id,
            level=each.level,
            source=SOURCE,
            at=assessment.finished_at,
        )
        for skill_id, each in standing.levels.items()
    ]


def waivers_of(assessment: Assessment) -> list[Interaction]:
    """Return the events that waive modules, as of the end; none before it."""
    if assessment.finished_at is None:
        return []
    return [
        Interaction(
            event_id=f"waived:{assessment.assessment_id}:{place}",
            learner_id=assessment.learner_id,
            module_id=module_id,
            event=Event.WAIVED,
            at=assessment.finished_at,
        )
        for place, module_id in enumerate(assessment.waived)
    ]
