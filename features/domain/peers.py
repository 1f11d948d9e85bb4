"""Peers: learners who are willing to help with a skill, and to whom they were named."""

from dataclasses import dataclass
from datetime import datetime

from features.domain.recommendation import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerOffer:
    """A peer was named to a learner as one who can help with a skill."""

    learner_id: str
    skill_id: str
    peer_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """One who can help: how far they are, in a word, since when they are named, and why they."""

    learner_id: str
    level: str
    offered_at: datetime
    reasons: tuple[Reason, ...]
