"""Peers on the wire."""

from service.schemas.fields import InstantOut, View
from service.schemas.recommendations import ReasonView


class PeerView(View):
    """One who can help; of their record nothing but a word for the level is told."""

    learner_id: str
    level: str
    offered_at: InstantOut
    reasons: list[ReasonView]


class PeersView(View):
    """Who can help with a skill; `reason` says why nobody is named, null where somebody is."""

    learner_id: str
    skill_id: str
    as_of: InstantOut
    snapshot_version: str | None
    peers: list[PeerView]
    reason: ReasonView | None
