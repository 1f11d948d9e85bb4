"""What answers are made from: learners, models and experiments as they are at one instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.domain.errors import ErasedError, StoreUnavailableError
from features.domain.history import Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest
from features.score.scorer import Scorer
from features.store.revisions import CATALOGUE, EXPERIMENTS
from features.store.workspace import Repositories
from service.arms import Arm
from service.inquiry import Inquiry
from service.state import Service

DATABASE_DOWN = "the database does not answer: ranked without the learner's history, not recorded"
NO_MODEL = "no model yet: ranked by gaps and assignments"
EMPTY_CATALOGUE = "the catalogue is empty: there is nothing to recommend"


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An inquiry, what its answer is made from, and what the system lacks.

    `is_stored` is false where the database is down and all this comes from memory; `arm` is what
    experiments make of it.
    """

    inquiry: Inquiry
    scorer: Scorer
    request: DecisionRequest
    lacks: tuple[str, ...]
    is_stored: bool
    arm: Arm | None = None

    @property
    def is_personalised(self) -> bool:
        """Whether the learner has not opted out."""
        return self.request.history.learner.personalised

    @property
    def is_plain(self) -> bool:
        """Whether there is neither a variant nor an opting out to be minded."""
        return self.is_personalised and (self.arm is None or not self.arm.placements)


def know(service: Service, inquiries: Sequence[Inquiry]) -> list[Known | ErasedError]:
    """Read what is known for the answers to inquiries, all at one revision.

    Returns
    -------
    list of Known or ErasedError
        The error where the learner was erased. With the database down: the catalogue last seen,
        and nothing of the learners.

    Raises
    ------
    StoreUnavailableError
        If the database is down and nothing is remembered.
    """
    try:
        with service.to_know.trying(), service.database.reading() as repositories:
            revisions = repositories.revisions.all()
            scorer = service.rankings.at(revisions[CATALOGUE], repositories)
            histories = _histories(repositories, inquiries)
            unknown = {each.learner.learner_id for each in histories if not each.is_known}
            erased = repositories.learners.erased_among(unknown)

            def find(request: DecisionRequest) -> Arm | None:
                return service.arms.find(repositories, revisions[EXPERIMENTS], scorer, request)

            return [
                ErasedError.of(inquiry.learner_id)
                if inquiry.learner_id in erased
                else _known(inquiry, scorer, history, find)
                for inquiry, history in zip(inquiries, histories, strict=True)
            ]
    except StoreUnavailableError:
        remembered = service.rankings.remembered()
        if remembered is None:
            raise
        return [_remembered(inquiry, remembered) for inquiry in inquiries]


def _histories(repositories: Repositories, inquiries: Sequence[Inquiry]) -> list[LearnerHistory]:
    of_now = sorted({each.learner_id for each in inquiries if each.as_of is None})
    histories = repositories.learners.histories(of_now)
    return [
        histories[each.learner_id]
        if each.as_of is None
        else repositories.learners.history(each.learner_id, each.as_of)
        for each in inquiries
    ]


def _known(
    inquiry: Inquiry,
    scorer: Scorer,
    history: LearnerHistory,
    find: Callable[[DecisionRequest], Arm | None],
) -> Known:
    request = _request(inquiry, history)
    arm = None
    if inquiry.is_for_the_record and history.learner.personalised:
        arm = find(request)
    lacks = _lacks(scorer) + (arm.lacks if arm is not None else ())
    return Known(
        inquiry=inquiry, scorer=scorer, request=request, lacks=lacks, is_stored=True, arm=arm
    )


def _remembered(inquiry: Inquiry, scorer: Scorer) -> Known:
    stranger = LearnerHistory(learner=Learner(learner_id=inquiry.learner_id), is_known=False)
    return Known(
        inquiry=inquiry,
        scorer=scorer,
        request=_request(inquiry, stranger),
        lacks=(DATABASE_DOWN, *_lacks(scorer)),
        is_stored=False,
    )


def _request(inquiry: Inquiry, history: LearnerHistory) -> DecisionRequest:
    now = inquiry.as_of or inquiry.asked_at
    return DecisionRequest(history=history, context=inquiry.context, now=now)


def _lacks(scorer: Scorer) -> tuple[str, ...]:
    """Return what the system, not the learner, lacks for a full answer."""
    lacks = []
    if not scorer.index.modules:
        lacks.append(EMPTY_CATALOGUE)
    if scorer.version is None:
        lacks.append(NO_MODEL)
    return tuple(lacks)
