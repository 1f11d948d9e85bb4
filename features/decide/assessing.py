"""Pre-assessments over a catalogue: opened, answered, settled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import log

import numpy as np
from numpy.typing import NDArray

from features.decide.assess import Bank, Belief, next_question, prior_belief, update
from features.decide.case import Case, open_case
from features.decide.eligibility import Bar
from features.domain.assessment import Answer, Assessment, AssessmentStanding, SkillLevel
from features.domain.errors import ConflictError, NotFoundError
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.ability import LOGIT_OF_MASTERY
from features.score.levels import common_share, levels_of_modules
from features.score.scorer import Scorer

# What bars a question from being asked is what would bar a module, save being a question.
ASKABLE = (Bar.QUESTION, Bar.NONE)
# Waived is what would be passed nine times in ten; what is as hard as a level teaches most.
SURE = log(0.9 / 0.1) - LOGIT_OF_MASTERY  # logits above the difficulty


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What assessments stand on.

    Attributes
    ----------
    case
        The learner at the instant.
    module_level
        float64, (n_modules,): difficulty on the scale of levels.
    logits_per_level
        Of that scale.
    common_share
        Of the variance of ability, in [0,1].
    """

    case: Case
    module_level: NDArray[np.float64]
    logits_per_level: float
    common_share: float


@dataclass(frozen=True, kw_only=True)
class _Questions:
    rows: NDArray[np.int64]
    bank: Bank


def ground_of(history: LearnerHistory, scorer: Scorer, now: datetime) -> Ground:
    """Return what assessments of a learner stand on at an instant (aware UTC)."""
    request = DecisionRequest(history=history, context=RequestContext(), now=now)
    return Ground(
        case=open_case(request, scorer),
        module_level=levels_of_modules(scorer.success),
        logits_per_level=scorer.success.levels.scale.logits_per_level,
        common_share=common_share(scorer.success),
    )


def open_assessment(ground: Ground, assessment: Assessment, now: datetime) -> AssessmentStanding:
    """Begin: settle what is believed so far and pick the first question.

    Parameters
    ----------
    ground
        Catalogue, learner and scale.
    assessment
        Without priors yet; skills in the order wanted.
    now
        Aware UTC.

    Raises
    ------
    NotFoundError
        If a skill is not in the catalogue.
    """
    skills = _skills(ground, assessment)
    standing, scale = ground.case.scores.standing, ground.logits_per_level
    prior = prior_belief(
        scale * standing.mastery[skills] + LOGIT_OF_MASTERY,
        np.maximum(scale * standing.standard_error[skills], 1e-3),
        ground.common_share,
        _precedes(ground, assessment.skill_ids),
    )
    begun = replace(
        assessment,
        prior_mean=tuple(prior.mean.tolist()),
        prior_covariance=tuple(tuple(row) for row in prior.covariance.tolist()),
    )
    return _settle(ground, begun, now)


def take_answer(
    ground: Ground, assessment: Assessment, answer: Answer, now: datetime
) -> AssessmentStanding:
    """Take the answer to the open question and pick the next; the same again changes nothing.

    Raises
    ------
    ConflictError
        If another question is open, or the assessment has ended.
    """
    if any(answer.module_id == each.module_id for each in assessment.answers):
        return stand(ground, assessment)
    if answer.module_id != assessment.next_module_id:
        is_open = assessment.next_module_id
        state = "the assessment has ended" if is_open is None else f"question {is_open!r} is open"
        raise ConflictError(f"module {answer.module_id!r} was not asked: {state}.")
    return _settle(ground, replace(assessment, answers=(*assessment.answers, answer)), now)


def stand(ground: Ground, assessment: Assessment) -> AssessmentStanding:
    """Return what the answers say so far."""
    belief = _belief(ground, assessment, _questions(ground, assessment))
    scale = ground.logits_per_level
    level = np.clip((belief.mean - LOGIT_OF_MASTERY) / scale, 0.0, 1.0)
    doubt = belief.standard_error / scale
    return AssessmentStanding(
        assessment=assessment,
        levels={
            skill_id: SkillLevel(level=float(level[k]), standard_error=float(doubt[k]))
            for k, skill_id in enumerate(assessment.skill_ids)
        },
    )


def _settle(ground: Ground, assessment: Assessment, now: datetime) -> AssessmentStanding:
    questions = _questions(ground, assessment)
    belief = _belief(ground, assessment, questions)
    asked = {each.module_id for each in assessment.answers}
    ids = ground.case.index.module_ids.ids
    is_open = np.array([ids[row] not in asked for row in questions.rows.tolist()], dtype=bool)
    best = None
    if len(asked) < assessment.max_questions:
        best = next_question(belief, questions.bank, is_open, assessment.goal_standard_error)
    settled = replace(
        assessment,
        next_module_id=None if best is None else ids[int(questions.rows[best])],
        finished_at=now if best is None else None,
    )
    standing = stand(ground, settled)
    if best is not None or not settled.answers:
        return standing
    waived = _waived(ground, settled, standing.levels)
    return replace(standing, assessment=replace(settled, waived=waived))


def _questions(ground: Ground, assessment: Assessment) -> _Questions:
    """Return the questions about the assessed skills that the learner may be asked, or was."""
    index, bar = ground.case.index, ground.case.eligibility.bar
    share = np.zeros((len(index.module_ids), len(index.skill_ids)))
    share[index.skills.module, index.skills.skill] = index.skills.weight
    loading = share[:, _skills(ground, assessment)]
    total = loading.sum(axis=1)
    asked = {each.module_id for each in assessment.answers}
    was_asked = np.array([module_id in asked for module_id in index.module_ids], dtype=bool)
    askable = index.is_question & (np.isin(bar, ASKABLE) | was_asked) & (total > 0)
    rows = np.flatnonzero(askable)
    return _Questions(
        rows=rows,
        bank=Bank(
            loading=loading[rows] / total[rows, None],
            difficulty=ground.logits_per_level * ground.module_level[rows],
        ),
    )


def _belief(ground: Ground, assessment: Assessment, questions: _Questions) -> Belief:
    ids = ground.case.index.module_ids.ids
    place = {ids[row]: k for k, row in enumerate(questions.rows.tolist())}
    known = [each for each in assessment.answers if each.module_id in place]
    prior = Belief(
        mean=np.array(assessment.prior_mean), covariance=np.array(assessment.prior_covariance)
    )
    return update(
        prior,
        questions.bank,
        np.array([place[each.module_id] for each in known], dtype=np.int64),
        np.array([each.success for each in known], dtype=np.float64),
    )


def _waived(
    ground: Ground, assessment: Assessment, levels: Mapping[str, SkillLevel]
) -> tuple[str, ...]:
    """Return modules that are easy: each skill so high, but for one standard error.

    Only modules about nothing but assessed skills; what is mandatory or done is never waived.
    """
    index, arrays = ground.case.index, ground.case.arrays
    least = np.full(len(index.skill_ids), -np.inf)
    least[_skills(ground, assessment)] = [
        levels[skill_id].level - levels[skill_id].standard_error
        for skill_id in assessment.skill_ids
    ]
    pairs = index.skills
    known = np.full(len(index.module_ids), np.inf)
    np.minimum.at(known, pairs.module, least[pairs.skill])
    known[np.diff(pairs.indptr) == 0] = -np.inf
    free = ~(index.is_question | index.is_mandatory | arrays.done | arrays.assigned)
    rows = np.flatnonzero(free & (known >= ground.module_level + SURE / ground.logits_per_level))
    return tuple(index.module_ids.ids[row] for row in rows.tolist())


def _skills(ground: Ground, assessment: Assessment) -> NDArray[np.int64]:
    skill_ids = ground.case.index.skill_ids
    unknown = [skill_id for skill_id in assessment.skill_ids if skill_id not in skill_ids]
    if unknown:
        raise NotFoundError(
            f"{', '.join(unknown[:10])}: no such skill. Describe skills, or tag modules with them."
        )
    return skill_ids.positions(assessment.skill_ids).astype(np.int64)


def _precedes(ground: Ground, skill_ids: tuple[str, ...]) -> NDArray[np.float64]:
    place = {skill_id: k for k, skill_id in enumerate(skill_ids)}
    precedes = np.zeros((len(place), len(place)))
    for edge in ground.case.index.catalogue.skill_edges:
        if edge.skill_id in place and edge.precedes_skill_id in place:
            precedes[place[edge.skill_id], place[edge.precedes_skill_id]] = edge.strength
    return precedes
