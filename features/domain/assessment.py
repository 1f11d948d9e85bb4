"""A pre-assessment in progress: what is assessed, what was asked and answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """How one question was answered; `success` in [0,1]: right, wrong, or a score between."""

    module_id: str
    success: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillLevel:
    """What the answers say of a skill: a level in [0,1] and its standard error, in levels."""

    level: float
    standard_error: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """One learner's assessment.

    Attributes
    ----------
    skill_ids
        What is assessed, in order.
    max_questions
        After so many it ends.
    goal_standard_error
        In logits: a skill known so well is settled.
    prior_mean, prior_covariance
        Logits, in the order of the skills: what was believed before the first question.
    answers
        In order.
    next_module_id
        The question that is open; None once it has ended.
    finished_at
        None while it goes on.
    waived
        Modules the learner need not take, known at the end.
    """

    assessment_id: str
    learner_id: str
    skill_ids: tuple[str, ...]
    max_questions: int
    goal_standard_error: float
    prior_mean: tuple[float, ...]
    prior_covariance: tuple[tuple[float, ...], ...]
    started_at: datetime
    answers: tuple[Answer, ...] = ()
    next_module_id: str | None = None
    finished_at: datetime | None = None
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AssessmentStanding:
    """An assessment and what it says so far."""

    assessment: Assessment
    levels: Mapping[str, SkillLevel]
