"""Small academies, learners and requests made from a seed, scored by the untrained models.

Drawn from a seed and not part by part, so that what stands in the way of a module is as frequent
as the tests need it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from academy import NOW, event
from hypothesis import strategies as st

from features.domain.catalogue import (
    TERMS,
    Catalogue,
    EntryPoint,
    Module,
    ModuleSkill,
    Pathway,
    PathwayStep,
    Policy,
    Prerequisite,
    Role,
    RoleRequirement,
    Rule,
)
from features.domain.history import Assignment, Evidence, Interaction, Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import index_catalogue
from features.score.scorer import Scorer, bind

SKILLS = ("s0", "s1", "s2")
LANGUAGES = (None, None, None, None, "en", "en-GB", "de")
NEEDS = frozenset({"captions", "transcript"})
CONDITIONS = (
    "true",
    'learner.department == "Sales"',
    '"m0" in done',
    '!("m1" in done)',
    'mastery["s0"] >= 0.36',
    'scores["m0"] >= 0.5',
)
STARTS = ("started", "viewed", "failed", "scored", "passed", "completed", "completed")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A question, whom it is put to, and how they rank."""

    request: DecisionRequest
    scorer: Scorer
    policy: Policy

    @property
    def modules(self) -> dict[str, Module]:
        """The modules by id."""
        return {module.module_id: module for module in self.scorer.index.modules}

    def later(self, *interactions: Interaction) -> "Drawn":
        """Return the same after more has happened."""
        history = self.request.history
        every = sorted((*history.interactions, *interactions), key=lambda each: each.at)
        return self.known(replace(history, interactions=tuple(every)))

    def known(self, history: LearnerHistory) -> "Drawn":
        """Return the same with another history."""
        return replace(self, request=replace(self.request, history=history))


def cases() -> st.SearchStrategy[Drawn]:
    """Give cases of up to eight modules."""
    return st.builds(draw_case, st.integers(0, 2**32 - 1), st.integers(3, 8))


def draw_case(seed: int, n_modules: int) -> Drawn:
    """Draw whatever a decision depends on."""
    draw = Random(seed)
    names = tuple(f"m{k}" for k in range(n_modules))
    context = RequestContext(
        limit=draw.randint(1, 8),
        available_minutes=draw.choice([None, 10.0, 90.0]),
        formats=frozenset({"video"}) if draw.random() < 0.1 else frozenset(),
        goal_role_id=draw.choice([None, None, "chief"]),
        exclude=frozenset({"m1"}) if draw.random() < 0.1 else frozenset(),
    )
    return Drawn(
        request=DecisionRequest(history=_history(draw, names), context=context, now=NOW),
        scorer=bind(index_catalogue(_catalogue(draw, names)), None),
        policy=_policy(draw),
    )


def _catalogue(draw: Random, names: tuple[str, ...]) -> Catalogue:
    return Catalogue(
        modules=tuple(_module(draw, names, place) for place in range(len(names))),
        roles=tuple(
            Role(
                role_id=role_id,
                name=role_id.title(),
                requirements=tuple(
                    RoleRequirement(skill_id=skill_id, target=_level(draw), weight=draw.random())
                    for skill_id in draw.sample(SKILLS, draw.randint(0, 3))
                ),
            )
            for role_id in ("analyst", "chief")
        ),
        pathways=tuple(_pathway(draw, f"p{k}", names) for k in range(draw.choice([0, 0, 1, 2]))),
        rules=tuple(_rule(draw, f"r{k}", names) for k in range(draw.choice([0, 0, 1, 2]))),
    )


def _module(draw: Random, names: tuple[str, ...], place: int) -> Module:
    early, late = NOW - timedelta(days=1), NOW + timedelta(days=1)
    opens, closes = draw.choice([*[(None, None)] * 15, (early, late), (late, None), (None, early)])
    return Module(
        module_id=names[place],
        title=f"About {names[place]}",
        format=draw.choice([None, "video", "article"]),
        kind="question" if draw.random() < 0.05 else None,
        duration_minutes=draw.choice([None, 5.0, 60.0]),
        difficulty=draw.choice([None, _level(draw)]),
        language=draw.choice(LANGUAGES),
        mandatory=draw.random() < 0.2,
        accessibility=draw.choice([NEEDS, NEEDS, NEEDS, frozenset({"captions"}), frozenset()]),
        active_from=opens,
        active_until=closes,
        version="2",
        versioned_at=draw.choice([None, None, None, NOW - timedelta(days=10)]),
        skills=tuple(
            ModuleSkill(skill_id=skill_id, weight=draw.choice([0.25, 0.5, 1.0]))
            for skill_id in draw.sample(SKILLS, draw.choice([0, 1, 1, 2]))
        ),
        prerequisites=_prerequisites(draw, names[:place]),
    )


def _prerequisites(draw: Random, earlier: tuple[str, ...]) -> tuple[Prerequisite, ...]:
    modules = draw.sample(earlier, min(len(earlier), draw.choice([0, 0, 1, 1, 2])))
    if draw.random() < 0.03:
        modules.append("gone")
    skills = draw.sample(SKILLS, draw.choice([0, 0, 0, 1]))
    return (
        *(
            Prerequisite(requires_module_id=module_id, strength=draw.choice([1.0, 1.0, 0.5]))
            for module_id in modules
        ),
        *(
            Prerequisite(
                requires_skill_id=skill_id,
                min_mastery=draw.choice([0.3, 0.36, 0.45]),
                strength=draw.choice([1.0, 1.0, 0.5]),
            )
            for skill_id in skills
        ),
    )


def _pathway(draw: Random, pathway_id: str, names: tuple[str, ...]) -> Pathway:
    steps = tuple(
        PathwayStep(
            step_id=f"step{place}",
            any_of=tuple(draw.sample(names, draw.choice([1, 1, 2]))),
            optional=draw.random() < 0.2,
            requires=tuple(f"step{k}" for k in range(place) if draw.random() < 0.7),
            when=draw.choice([None, None, *CONDITIONS]),
        )
        for place in range(draw.randint(1, 3))
    )
    entries = [EntryPoint(step_id=steps[-1].step_id, when=draw.choice([None, *CONDITIONS]))]
    return Pathway(
        pathway_id=pathway_id,
        title=f"The way {pathway_id}",
        goal=draw.choice([{"role_id": "analyst"}, {"skill_ids": ["s0"]}]),
        steps=steps,
        entry_points=tuple(entries) if draw.random() < 0.3 else (),
    )


def _rule(draw: Random, rule_id: str, names: tuple[str, ...]) -> Rule:
    effect = draw.choice(["assign", "require", "exclude", "exclude", "boost"])
    return Rule(
        rule_id=rule_id,
        when=draw.choice(CONDITIONS),
        priority=draw.randint(0, 1),
        due_in_days=draw.choice([None, 1.0, 60.0]),
        **{effect: tuple(draw.sample(names, draw.choice([1, 1, 2])))},
    )


def _history(draw: Random, names: tuple[str, ...]) -> LearnerHistory:
    return LearnerHistory(
        learner=Learner(
            learner_id="ada",
            role_id=draw.choice([None, "analyst", "analyst"]),
            goal_role_id=draw.choice([None, None, "chief"]),
            department=draw.choice([None, "Sales"]),
            language=draw.choice([None, None, "en", "de-AT"]),
            needs=draw.choice(
                [frozenset(), frozenset(), frozenset(), frozenset({"captions"}), NEEDS]
            ),
        ),
        interactions=tuple(
            sorted(
                (draw_interaction(draw, names) for _ in range(draw.randint(0, 5))),
                key=lambda each: each.at,
            )
        ),
        evidence=tuple(
            sorted(
                (draw_judgement(draw) for _ in range(draw.choice([0, 0, 1, 2]))),
                key=lambda each: each.at,
            )
        ),
        assignments=tuple(
            Assignment(
                learner_id="ada",
                module_id=module_id,
                due_at=draw.choice([None, NOW - timedelta(days=1), NOW + timedelta(days=30)]),
            )
            for module_id in draw.sample(names, draw.choice([0, 0, 1, 2]))
        ),
    )


def draw_interaction(
    draw: Random, names: tuple[str, ...], days_ago: float | None = None
) -> Interaction:
    """Draw something a learner did, within 400 days."""
    what = draw.choice(STARTS)
    score = _level(draw) if what == "scored" or draw.random() < 0.2 else None
    if days_ago is None:
        days_ago = draw.choice([0.0, 1.0, 20.0, 40.0, 400.0])
    return event(draw.choice(names), what, days_ago, score=score)


def draw_judgement(draw: Random) -> Evidence:
    """Draw a direct judgement of a skill."""
    return Evidence(
        learner_id="ada",
        skill_id=draw.choice(SKILLS),
        level=_level(draw),
        source=draw.choice(["assessment", "self", "manager"]),
        at=NOW - timedelta(days=draw.choice([0.0, 10.0, 300.0])),
    )


def _policy(draw: Random) -> Policy:
    parts = {term: draw.randint(0, 4) for term in TERMS}
    parts["gap"] += 1
    return Policy(
        weights={term: part / sum(parts.values()) for term, part in parts.items()},
        diversity=draw.choice([0.0, 0.3, 1.0]),
        exploration=draw.choice([0.0, 0.02, 0.5]),
    )


def _level(draw: Random) -> float:
    return draw.choice([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
