"""An experiment written through the repositories, with the events of its learners."""

from datetime import UTC, datetime, timedelta

from features.domain.catalogue import Module, Policy, Role, RoleRequirement, Skill
from features.domain.experiment import (
    Enrolment,
    Experiment,
    Exposure,
    MetricRole,
    MetricSpec,
    Variant,
)
from features.domain.history import (
    Assignment,
    Event,
    Evidence,
    Feedback,
    Interaction,
    Learner,
    Outcome,
)
from features.domain.recommendation import Candidates, Recommendation
from features.experiments import define, start

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
READ_AT = BEGUN + timedelta(days=90)
METRICS = ("minutes", "completion_rate", "follow_rate", "skill_gain", "outcome:sales")
N = 24


def define_and_start(repositories, *, unit="learner", metrics=METRICS, experiment_id="x"):
    repositories.catalogue.put_policy(Policy(policy_id="gaps", weights={"gap": 1.0}))
    wanted = Experiment(
        experiment_id=experiment_id,
        hypothesis="gaps alone",
        variants=(
            Variant(variant_id="a", weight=0.5),
            Variant(variant_id="b", weight=0.5, component={"policy_id": "gaps"}),
        ),
        unit=unit,
        eligible='learner.department == "north"',
        metrics=tuple(MetricSpec(metric_id=name, role=MetricRole.GOAL) for name in metrics),
        planned_n=N,
    )
    define(repositories, wanted, {}, BEGUN)
    return start(repositories, experiment_id, {}, BEGUN)


def fill(repositories):
    """Describe a catalogue and let learners meet the experiment `x`, every second arm b.

    Where k is a multiple of three the recorded candidates would make the arms differ.
    """
    define_and_start(repositories)
    repositories.catalogue.put_skill(Skill(skill_id="s", name="S"))
    for name in ("m0", "m1"):
        repositories.catalogue.put_module(Module(module_id=name, title=name))
    repositories.catalogue.put_role(
        Role(role_id="r", name="R", requirements=(RoleRequirement(skill_id="s", target=0.5),))
    )
    for k in range(N):
        _meet(repositories, k, BEGUN + timedelta(days=k % 5))
    repositories.learners.put(Learner(learner_id="beside", department="south"))
    repositories.learners.put(Learner(learner_id="waiting", department="north"))


def _meet(repositories, k, at):
    learner_id, variant_id = f"l{k:02d}", "ab"[k % 2]
    repositories.learners.put(Learner(learner_id=learner_id, department="north", role_id="r"))
    repositories.experiments.enrol(
        [
            Enrolment(
                experiment_id="x",
                learner_id=learner_id,
                unit_id=learner_id,
                variant_id=variant_id,
                phase=1,
                at=at,
            )
        ]
    )
    for turn in range(2):
        served_at = at + timedelta(days=turn)
        recommendation_id = f"{learner_id}-{turn}"
        gap = (0.0, 0.5) if k % 3 == 0 else (1.0, 0.0)
        repositories.recommendations.add(
            recommendation_id,
            Recommendation(
                learner_id=learner_id,
                served_at=served_at,
                snapshot_version=None,
                policy_id="default",
                policy_version="1",
                items=(),
                candidates=Candidates(
                    module_ids=("m0", "m1"),
                    tier=(1, 1),
                    score=(0.8, 0.5),
                    p_first=(1.0, 0.0),
                    p_success=(0.75, 0.75),
                    ready=(1.0, 1.0),
                    terms={
                        "gap": gap,
                        "fit": (1.0, 1.0),
                        "affinity": (1.0, 0.0),
                        "refresh": (1.0, 0.0),
                        "urgency": (1.0, 0.0),
                        "time": (1.0, 0.0),
                        "continuity": (1.0, 0.0),
                        "boost": (1.0, 0.0),
                    },
                ),
            ),
            context={},
            answer={"items": [{"module_id": "m0"}]},
        )
        repositories.experiments.add_exposures(
            [
                Exposure(
                    experiment_id="x",
                    variant_id=variant_id,
                    learner_id=learner_id,
                    unit_id=learner_id,
                    recommendation_id=recommendation_id,
                    at=served_at,
                )
            ]
        )
    _learn(repositories, k, learner_id, at)


def _learn(repositories, k, learner_id, at):
    def interaction(name, day, event, minutes=None, **fields):
        return Interaction(
            event_id=f"{learner_id}-{name}",
            learner_id=learner_id,
            module_id=f"m{k % 2}",
            event=event,
            at=at + timedelta(days=day),
            duration_seconds=None if minutes is None else 60.0 * minutes,
            **fields,
        )

    followed = f"{learner_id}-0" if k % 4 == 0 else None
    repositories.events.add(
        [
            interaction("before", -7, Event.COMPLETED, 10.0 + k),
            interaction("begun", 1, Event.STARTED, 5.0, recommendation_id=followed),
            interaction("done", 2, Event.SCORED, 20.0 + k % 7, score=0.9),
        ]
    )
    repositories.events.add_evidence(
        [
            Evidence(learner_id=learner_id, skill_id="s", level=level, source="test", at=when)
            for level, when in (
                (0.2, at - timedelta(days=1)),
                (0.4 + 0.01 * (k % 5), at + timedelta(days=9)),
            )
        ]
    )
    when = at + timedelta(days=3)
    repositories.events.add_outcomes(
        [Outcome(learner_id=learner_id, metric="sales", value=float(k % 6), at=when)]
    )
    if k % 4 == 1:
        repositories.recommendations.add_feedback(
            Feedback(
                recommendation_id=f"{learner_id}-1", module_id="m0", outcome="followed", at=when
            )
        )
    repositories.learners.put_assignment(Assignment(learner_id=learner_id, module_id="m1"))
