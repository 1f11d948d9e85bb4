"""Credentials of milestones, without a database."""

from datetime import UTC, datetime

from features.domain.journey import MilestoneStanding, PathwayProgress, Projection
from service.badges import badges_of


def milestone(badge, day):
    earned_at = None if day is None else datetime(2026, 3, day, tzinfo=UTC)
    return MilestoneStanding(step_id=badge, badge=badge, title=badge, earned_at=earned_at)


def on_pathway(*milestones):
    return PathwayProgress(
        pathway_id="p",
        title="Pathway",
        version="1",
        goal={},
        entered_at=(),
        n_core=0,
        n_core_done=0,
        is_complete=False,
        done=(),
        next=(),
        locked=(),
        milestones=milestones,
        projected=Projection(median_days=0.0, low_days=0.0, high_days=0.0),
    )


def test_badges_come_in_the_order_earned_whichever_pathway_they_are_of():
    pathways = [
        on_pathway(milestone("late", 9), milestone("never", None), milestone("b", 5)),
        on_pathway(milestone("early", 1), milestone("a", 5)),
    ]
    names = [each["name"] for each in badges_of("ada", pathways)]
    assert names == ["early", "a", "b", "late"]
