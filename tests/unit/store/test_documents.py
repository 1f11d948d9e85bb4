from datetime import UTC, datetime

from features.domain.catalogue import (
    EntryPoint,
    Milestone,
    Pathway,
    PathwayStep,
    Policy,
    Rule,
)
from features.domain.history import Learner
from features.store.documents import pathway_from, policy_from, rule_from, to_document

PATHWAY = Pathway(
    pathway_id="p1",
    title="To analyst",
    goal={"skill_ids": ["sql", "statistics"]},
    steps=(
        PathwayStep(
            step_id="a", any_of=("m1", "m2"), milestone=Milestone(badge="b", title="Begun")
        ),
        PathwayStep(step_id="b", any_of=("m3",), optional=True, requires=("a",), when="true"),
    ),
    entry_points=(EntryPoint(step_id="b", when="learner.mentor"),),
    version="2",
)
RULE = Rule(
    rule_id="r1", when="true", assign=("m1",), exclude=("m2",), due_in_days=30.0, priority=3
)


def test_a_pathway_survives_its_document():
    assert pathway_from(to_document(PATHWAY)) == PATHWAY


def test_a_rule_survives_its_document():
    assert rule_from(to_document(RULE)) == RULE


def test_a_policy_survives_its_document():
    policy = Policy(policy_id="careful", version="7", exploration=0.0)
    assert policy_from(to_document(policy)) == policy


def test_sets_are_sorted_and_instants_end_in_z():
    learner = Learner(
        learner_id="u1",
        hired_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        needs=frozenset({"transcript", "captions"}),
        attributes={"team": "north"},
    )
    document = to_document(learner)
    assert document["hired_at"] == "2026-03-01T09:00:00Z"
    assert document["needs"] == ["captions", "transcript"]
    assert document["attributes"] == {"team": "north"}
    assert document["role_id"] is None
