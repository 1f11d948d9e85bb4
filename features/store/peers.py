"""Who is willing to help, and to whom they were named."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from features.domain.history import ALWAYS_DONE, Event, Learner
from features.domain.peers import PeerOffer
from features.store.tables import evidence, interactions, learners, module_skills, peer_offers
from features.store.tombstones import Tombstones
from features.store.writing import overwrite

_OFFER = tuple(column.name for column in peer_offers.columns)
_SHOWN = sorted(ALWAYS_DONE | {Event.SCORED, Event.ANSWERED})
_WILLING = select(learners.c.learner_id, learners.c.language, learners.c.manager_id).where(
    learners.c.mentor
)


class PeerRepository:
    """Reads who is willing; keeps who was named to whom."""

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones

    def willing(self) -> list[Learner]:
        """Return everybody who is willing to help, with language and manager alone."""
        return [
            Learner(learner_id=learner_id, language=language, manager_id=manager_id, mentor=True)
            for learner_id, language, manager_id in self._connection.execute(_WILLING).all()
        ]

    def practised(self, skill_id: str, learner_ids: Sequence[str]) -> list[str]:
        """Return those who did something of a skill or were judged in it, the most promising first.

        What promises is how many of the skill's modules they did, as a share of the most among
        them, or the highest level they were judged to have. It picks whom to look at closely.
        """
        taught = select(module_skills.c.module_id).where(module_skills.c.skill_id == skill_id)
        did = interactions.c
        done = select(did.learner_id, func.count(did.module_id.distinct())).where(
            did.learner_id.in_(learner_ids), did.module_id.in_(taught), did.event.in_(_SHOWN)
        )
        n_done = dict(self._pairs(done.group_by(did.learner_id)))
        judged = select(evidence.c.learner_id, func.max(evidence.c.level)).where(
            evidence.c.learner_id.in_(learner_ids), evidence.c.skill_id == skill_id
        )
        level = dict(self._pairs(judged.group_by(evidence.c.learner_id)))
        most = max(n_done.values(), default=1)
        promise = {
            each: max(n_done.get(each, 0) / most, level.get(each, 0.0))
            for each in learner_ids
            if each in n_done or each in level
        }
        return sorted(promise, key=lambda each: -promise[each])

    def offers_to(self, learner_id: str, skill_id: str, since: datetime) -> Mapping[str, datetime]:
        """Return whom a learner was named for a skill since an instant, and when."""
        named = select(peer_offers.c.peer_id, peer_offers.c.at).where(
            peer_offers.c.learner_id == learner_id,
            peer_offers.c.skill_id == skill_id,
            peer_offers.c.at >= since,
        )
        return dict(self._pairs(named))

    def count_offers(self, peer_ids: Collection[str], since: datetime) -> Mapping[str, int]:
        """Return to how many different learners each peer was named since an instant."""
        counted = select(peer_offers.c.peer_id, func.count(peer_offers.c.learner_id.distinct()))
        chosen = counted.where(peer_offers.c.peer_id.in_(peer_ids), peer_offers.c.at >= since)
        return dict(self._pairs(chosen.group_by(peer_offers.c.peer_id)))

    def add(self, offers: Iterable[PeerOffer]) -> None:
        """Keep that peers were named; a learner who was erased meanwhile is an ErasedError.

        Peers who were erased meanwhile are left out.
        """
        ordered = sorted(
            offers, key=lambda offer: (offer.learner_id, offer.skill_id, offer.peer_id)
        )
        self._tombstones.require_none(offer.learner_id for offer in ordered)
        erased = self._tombstones.among(offer.peer_id for offer in ordered)
        for offer in ordered:
            if offer.peer_id not in erased:
                row = {name: getattr(offer, name) for name in _OFFER}
                overwrite(self._connection, peer_offers, row)

    def _pairs(self, statement: Select[Any]) -> list[tuple[str, Any]]:
        return [(learner_id, value) for learner_id, value in self._connection.execute(statement)]
