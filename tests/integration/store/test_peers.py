"""To how many learners peers were named."""

from datetime import UTC, datetime, timedelta

from features.domain.peers import PeerOffer

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def offer(learner_id, skill_id, peer_id="bob", at=AT):
    return PeerOffer(learner_id=learner_id, skill_id=skill_id, peer_id=peer_id, at=at)


def test_who_is_named_to_one_learner_for_several_skills_counts_once(workspace):
    offers = [
        offer("ada", "sql"),
        offer("ada", "law"),
        offer("cyd", "sql"),
        offer("dee", "sql", at=AT - timedelta(days=1)),
        offer("ada", "sql", "eve"),
    ]
    with workspace.transaction() as repositories:
        repositories.peers.add(offers)
    with workspace.reading() as repositories:
        assert repositories.peers.count_offers(["bob", "eve", "fay"], AT) == {"bob": 2, "eve": 1}
