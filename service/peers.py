"""Who can help a learner with a skill: looked for, chosen and put on record."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from features.decide.peers import (
    HELD_FOR,
    OFFER_WINDOW,
    Helper,
    Seeker,
    choose_peers,
    has_more,
    in_turn,
    nobody,
)
from features.domain.errors import NotFoundError
from features.domain.history import Learner, LearnerHistory
from features.domain.peers import PeerOffer
from features.encode.learner import encode_learner
from features.score.scorer import Scorer
from features.store.workspace import Repositories
from service.state import Service

AT_A_TIME = 500  # people asked about at once
MOST_READ = 60  # histories read for one answer
READ_AT_ONCE = 10  # histories
FIRST_READ = 20  # of them from each `AT_A_TIME`
CHOICE = 3  # times the limit: free ones to choose from, so that the load can be spread


def find_peers(
    service: Service, learner_id: str, skill_id: str, limit: int, now: datetime
) -> Mapping[str, Any]:
    """Name who has a skill and is willing, and keep that they were named.

    Parameters
    ----------
    service
        Database and rankings.
    learner_id, skill_id
        Who looks for help, with what.
    limit
        At most so many.
    now
        Aware UTC.

    Returns
    -------
    mapping
        As `PeersView`.

    Raises
    ------
    NotFoundError
        If nothing is known of the learner, or there is no such skill.
    ErasedError
        If the learner was erased meanwhile.
    """
    with service.database.reading() as repositories:
        scorer = service.rankings.current(repositories)
        history = repositories.learners.history(learner_id)
        seeker = _seeker(history, scorer, skill_id, now)
        willing = in_turn(history.learner, skill_id, repositories.peers.willing())
        held = repositories.peers.offers_to(learner_id, skill_id, now - HELD_FOR)
        look = _Look(repositories=repositories, scorer=scorer, seeker=seeker, now=now)
        helpers = look.among(willing, held, wanted=CHOICE * limit)
    peers = choose_peers(seeker, helpers, now, limit)
    new = [
        PeerOffer(learner_id=learner_id, skill_id=skill_id, peer_id=peer.learner_id, at=now)
        for peer in peers
        if peer.learner_id not in held
    ]
    if new:
        with service.database.transaction() as repositories:
            repositories.peers.add(new)
    reason = None if peers else nobody(seeker, helpers, anyone_willing=bool(willing))
    return {
        "learner_id": learner_id,
        "skill_id": skill_id,
        "as_of": now,
        "snapshot_version": scorer.version,
        "peers": peers,
        "reason": reason,
    }


def _seeker(history: LearnerHistory, scorer: Scorer, skill_id: str, now: datetime) -> Seeker:
    learner_id = history.learner.learner_id
    if not history.is_known:
        raise NotFoundError.of_learner(learner_id)
    skill = scorer.index.skill_ids.index_of.get(skill_id)
    if skill is None:
        raise NotFoundError(f"there is no skill {skill_id!r}")
    target = float(encode_learner(history, scorer.index).target[skill])
    return Seeker(
        learner=history.learner,
        skill_id=skill_id,
        skill_name=scorer.index.skill_names[skill],
        mastery=float(scorer.standing(history, now.timestamp()).mastery[skill]),
        target=target if target > 0 else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Reads those who are willing, in turn, until enough of them could be named."""

    repositories: Repositories
    scorer: Scorer
    seeker: Seeker
    now: datetime

    def among(
        self, willing: list[Learner], held: Mapping[str, datetime], wanted: int
    ) -> list[Helper]:
        """Return those named already, then others until `wanted` could be named."""
        named = [each.learner_id for each in willing if each.learner_id in held]
        histories = self.repositories.learners.histories(named)
        helpers = [self._helper(histories[each], offered_at=held[each]) for each in named]
        n_free = sum(map(self._could_be_named, helpers))
        others = self._promising(each.learner_id for each in willing if each.learner_id not in held)
        while n_free < wanted and len(helpers) < MOST_READ and (helper := next(others, None)):
            helpers.append(helper)
            n_free += self._could_be_named(helper)
        return helpers

    def _could_be_named(self, helper: Helper) -> bool:
        return helper.is_free and has_more(self.seeker, helper)

    def _promising(self, learner_ids: Iterable[str]) -> Iterator[Helper]:
        """Read those who practised the skill, the most promising of each lot first."""
        peers = self.repositories.peers
        for some in batched(learner_ids, AT_A_TIME):
            promising = peers.practised(self.seeker.skill_id, some)[:FIRST_READ]
            counts = peers.count_offers(promising, self.now - OFFER_WINDOW)
            for few in batched(promising, READ_AT_ONCE):
                histories = self.repositories.learners.histories(few)
                for learner_id in few:
                    n_offers = counts.get(learner_id, 0)
                    yield self._helper(histories[learner_id], n_offers=n_offers)

    def _helper(
        self, history: LearnerHistory, n_offers: int = 0, offered_at: datetime | None = None
    ) -> Helper:
        standing = self.scorer.standing(history, self.now.timestamp())
        skill = self.scorer.index.skill_ids.index_of[self.seeker.skill_id]
        return Helper(
            learner=history.learner,
            mastery=float(standing.mastery[skill]),
            standard_error=float(standing.standard_error[skill]),
            n_offers=n_offers,
            offered_at=offered_at,
        )
