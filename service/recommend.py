"""Recommendations, from the inquiries to the recorded answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np

from features.decide.arms import decide_in_arm
from features.decide.assignment import Placement
from features.decide.decide import decide, decide_all
from features.decide.impersonal import decide_impersonally
from features.domain.errors import ErasedError, StoreUnavailableError
from features.domain.instants import write_instant
from features.domain.recommendation import Recommendation
from features.store.recommendations import Served
from features.store.workspace import Repositories
from service.arms import note
from service.inquiry import Inquiry
from service.knowing import DATABASE_DOWN, EMPTY_CATALOGUE, NO_MODEL, Known, know
from service.schemas.recommendations import RecommendationView
from service.state import Service

NOT_RECORDED = "the database does not answer: this answer is not recorded"
# Words for these in metrics, whose labels have few values.
LACK_CODES = {
    DATABASE_DOWN: "database",
    NOT_RECORDED: "not_recorded",
    NO_MODEL: "no_model",
    EMPTY_CATALOGUE: "empty_catalogue",
}

type Answer = str | Exception
"""A `RecommendationView` as JSON: the very text that is kept is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A decision, what it was made from, and the experiments whose variants were consulted.

    `recommendation_id` is None where nothing is recorded.
    """

    known: Known
    recommendation: Recommendation
    placements: tuple[Placement, ...]
    lacks: tuple[str, ...]
    recommendation_id: str | None

    @property
    def inquiry(self) -> Inquiry:
        """What it answers."""
        return self.known.inquiry


class _EnrolledMeanwhileError(Exception):
    """Another request has enrolled the learner in another variant: this one starts over."""


def recommend_all(service: Service, inquiries: Sequence[Inquiry]) -> list[Answer]:
    """Answer inquiries and record the answers, but for those of dry runs and looks back.

    Reading, scoring and writing are done at once for all of them.

    Parameters
    ----------
    service
        Database, rankings and metrics.
    inquiries
        Who asks for whom, and how.

    Returns
    -------
    list of str or Exception
        A `RecommendationView` as JSON, or an ErasedError where the learner was erased. With the
        database down: unrecorded, from the catalogue last seen, and saying so.

    Raises
    ------
    StoreUnavailableError
        If the database is down and nothing is remembered.
    """
    with service.stage("know"):
        known = know(service, inquiries)
    with service.stage("decide"):
        made = _decide_all([each for each in known if isinstance(each, Known)])
    answers = iter(_give_all(service, made))
    return [next(answers) if isinstance(each, Known) else each for each in known]


def _decide_all(known: Sequence[Known]) -> list[_Made]:
    """Decide for each; different learners without variants to mind are scored together."""
    rng = np.random.default_rng()
    plain = {each.inquiry.learner_id: k for k, each in enumerate(known) if each.is_plain}
    made: dict[int, _Made] = {}
    if len(plain) > 1:
        together = [known[k] for k in plain.values()]
        decisions = decide_all(
            [each.request for each in together],
            together[0].scorer,
            [each.inquiry.policy for each in together],
            rng,
        )
        for k, decision in zip(plain.values(), decisions, strict=True):
            made[k] = _made(known[k], decision)
    return [made.get(k) or _decide(each, rng) for k, each in enumerate(known)]


def _decide(known: Known, rng: np.random.Generator) -> _Made:
    request, policy = known.request, known.inquiry.policy
    if not known.is_personalised:
        return _made(known, decide_impersonally(request, known.scorer, policy, rng))
    if known.arm is None or not known.arm.placements:
        # What the request names comes first; else the pathway or the default decides.
        return _made(known, decide(request, known.scorer, policy, rng))
    arm = (known.arm.scorer, known.arm.policy)
    decision, is_consulted = decide_in_arm(request, known.scorer, arm, rng)
    return _made(known, decision, known.arm.placements if is_consulted else ())


def _made(
    known: Known, recommendation: Recommendation, placements: tuple[Placement, ...] = ()
) -> _Made:
    is_recorded = known.inquiry.is_for_the_record and known.is_stored
    return _Made(
        known=known,
        recommendation=recommendation,
        placements=placements,
        lacks=known.lacks,
        recommendation_id=str(uuid4()) if is_recorded else None,
    )


def _give_all(service: Service, made: Sequence[_Made]) -> list[Answer]:
    """Return the answers, those for the record once they are on disk.

    They are written at once, but for those of experiments, each of which may have to start over.
    A database that does not answer is not asked again for the next: all would wait in turn.
    """
    plain = [k for k, each in enumerate(made) if each.recommendation_id and not each.placements]
    alone = [[k] for k, each in enumerate(made) if each.placements]
    given: dict[int, Answer] = {
        k: _give(service, each, _answer(each))
        for k, each in enumerate(made)
        if each.recommendation_id is None
    }
    is_away = False
    for record, places in ((_record, plain), *((_record_apart, place) for place in alone)):
        group = [made[k] for k in places]
        answers = None if is_away else record(service, group)
        is_away = answers is None
        given.update(zip(places, answers or _give_unrecorded(service, group), strict=True))
    return [given[k] for k in range(len(made))]


def _record_apart(service: Service, made: Sequence[_Made]) -> list[Answer] | None:
    """Record an answer, or return what it comes to: those before it are on disk, and stay given."""
    try:
        return _record(service, made)
    except Exception as error:  # noqa: BLE001 - whatever it is, it goes to whoever asked
        return [error]


def _record(service: Service, made: Sequence[_Made]) -> list[Answer] | None:
    """Commit answers with what they were made from, exposed to, and what rules assign with them.

    None where the database does not answer.
    """
    if not made:
        return []
    answers = [_answer(each) for each in made]
    try:
        with (
            service.stage("record"),
            service.to_record.trying(),
            service.database.transaction() as repositories,
        ):
            erased = repositories.learners.erased_among(each.inquiry.learner_id for each in made)
            kept = [
                (each, answer)
                for each, answer in zip(made, answers, strict=True)
                if each.inquiry.learner_id not in erased
            ]
            repositories.recommendations.add_all([_served(*each) for each in kept])
            repositories.learners.add_assignments(
                [owed for each, _ in kept for owed in each.recommendation.assignments]
            )
            for each, _ in kept:
                _note(repositories, each)
    except StoreUnavailableError:
        return None
    except _EnrolledMeanwhileError:
        return recommend_all(service, [each.inquiry for each in made])
    return [
        ErasedError.of(each.inquiry.learner_id)
        if each.inquiry.learner_id in erased
        else _give(service, each, answer)
        for each, answer in zip(made, answers, strict=True)
    ]


def _give_unrecorded(service: Service, made: Sequence[_Made]) -> list[Answer]:
    unrecorded = [
        replace(each, recommendation_id=None, placements=(), lacks=(NOT_RECORDED, *each.lacks))
        for each in made
    ]
    return [_give(service, each, _answer(each)) for each in unrecorded]


def _note(repositories: Repositories, made: _Made) -> None:
    """Write enrolments and exposures, where experiments had a say."""
    if made.placements and made.recommendation_id is not None:
        at, learner_id = made.inquiry.asked_at, made.inquiry.learner_id
        if not note(repositories, made.recommendation_id, made.placements, learner_id, at):
            raise _EnrolledMeanwhileError


def _give(service: Service, made: _Made, answer: str) -> str:
    """Count an answer, and return it."""
    if made.inquiry.is_for_the_record:
        service.metrics.recommended(made.recommendation, _code_of(made.lacks))
    return answer


def _code_of(lacks: Sequence[str]) -> str | None:
    """Return a word for what the system lacks first; what is no other is of experiments."""
    return LACK_CODES.get(lacks[0], "experiment") if lacks else None


def _answer(made: _Made) -> str:
    recommendation = made.recommendation
    reasons = [reason for reason in (*made.lacks, recommendation.degraded) if reason]
    answer = RecommendationView.model_validate(
        {
            "recommendation_id": made.recommendation_id,
            "learner_id": recommendation.learner_id,
            "served_at": made.inquiry.asked_at,
            "snapshot_version": recommendation.snapshot_version,
            "policy_id": recommendation.policy_id,
            "policy_version": recommendation.policy_version,
            "experiments": [
                {"experiment_id": each.trial.experiment_id, "variant_id": each.variant_id}
                for each in made.placements
            ],
            "degraded": "; ".join(reasons) or None,
            "recorded": made.recommendation_id is not None,
            "personalised": made.known.is_personalised,
            "items": recommendation.items,
            "withheld": recommendation.withheld,
            "rules": recommendation.rules,
            "remarks": recommendation.remarks,
        }
    )
    return answer.model_dump_json()


def _served(made: _Made, answer: str) -> Served:
    assert made.recommendation_id is not None  # noqa: S101 - only such are recorded
    return Served(
        recommendation_id=made.recommendation_id,
        recommendation=made.recommendation,
        context=_context(made.inquiry),
        answer=answer,
    )


def _context(inquiry: Inquiry) -> Mapping[str, Any]:
    context = inquiry.context
    return {
        "asked_at": write_instant(inquiry.asked_at),
        "limit": context.limit,
        "available_minutes": context.available_minutes,
        "formats": sorted(context.formats),
        "goal": None if context.goal_role_id is None else {"role_id": context.goal_role_id},
        "exclude": sorted(context.exclude),
        "language": context.language,
    }
