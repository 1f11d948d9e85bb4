"""A workspace of thousands of modules with a trained snapshot, rules and pathways, for benchmarks.

Modules and histories are those of `histories_at_scale`; models are trained on them as `waymark
train` does. What an organisation adds (prerequisites, languages, needs, dates, roles, rules and
pathways) is drawn on top. Everything follows from the seed.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from histories_at_scale import Size, write_histories

from features.domain.catalogue import (
    Catalogue,
    EntryPoint,
    Milestone,
    Module,
    Pathway,
    PathwayStep,
    Prerequisite,
    Role,
    RoleRequirement,
    Rule,
)
from features.domain.history import (
    Assignment,
    Event,
    Evidence,
    Interaction,
    Learner,
    LearnerHistory,
)
from features.encode.log import EVENT_CODES, UNJUDGED
from features.score.snapshot import Snapshot
from features.store.snapshots import read_snapshot, write_snapshot
from training.evaluation.protocols import hold_out_by_id
from training.histories.data import TrainingData, read_folder_data
from training.models import Task, fit_models
from training.train import build_snapshot

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
N_ROLES, N_RULES, N_PATHWAYS, N_STEPS = 12, 20, 10, 12
LANGUAGES = ("en", "en", "en", "en", "de", "fr", None)
NEEDS = ("captions", "transcript", "screen_reader")
CONDITIONS = (
    "learner.department == 'department {k}'",
    "learner.location in ['site 1', 'site {k}'] && calendar.quarter == 4",
    "tenure_days < {k}00.0",
    "mastery['{skill}'] < 0.6",
    "evidence['{skill}'] >= 0.5",
    "'{module}' in done || calendar.days_left_in_quarter < 7",
    "has(learner.manager_id) && learner.role_id == 'role {k}'",
)
EVENTS = {code: event for event, code in EVENT_CODES.items()}


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What is decided about, with what, and for whom.

    `learners` have one history each, of at least as many events as were asked for.
    """

    catalogue: Catalogue
    snapshot: Snapshot
    learners: tuple[LearnerHistory, ...]


def make_workspace(
    n_modules: int, n_learners: int, n_events: int, seed: int, cache: Path | None
) -> Workspace:
    """Make it up and train on it.

    Parameters
    ----------
    n_modules
        Of the catalogue; the snapshot knows those somebody met.
    n_learners, n_events
        How many histories, and how long they are.
    seed
        Of every random choice.
    cache
        Keeps the snapshot for the next run with the same numbers.
    """
    shown = _read(
        Size(n_rows=4 * n_learners * n_events, n_modules=n_modules, rows_per_learner=n_events),
        seed,
    )
    # Modules and skills follow from the seed alone, however many rows there are.
    catalogue = furnish(shown.catalogue, np.random.default_rng(seed))
    return Workspace(
        catalogue=catalogue,
        snapshot=_snapshot(n_modules, seed, cache and cache / f"snapshot-{n_modules}-{seed}"),
        learners=tuple(_histories(shown, catalogue, n_learners, n_events, seed)),
    )


def _read(size: Size, seed: int) -> TrainingData:
    with tempfile.TemporaryDirectory() as scratch:
        write_histories(Path(scratch), size, seed=seed)
        return read_folder_data(Path(scratch), now=NOW)


def _snapshot(n_modules: int, seed: int, kept: Path | None) -> Snapshot:
    if kept is not None and kept.exists():
        return read_snapshot(kept, "1")
    data = _read(Size(n_rows=30 * n_modules, n_modules=n_modules), seed)
    holdout = hold_out_by_id(data, np.random.default_rng(seed))
    task = Task(data=data, holdout=holdout, seed=seed, report=print)
    snapshot = build_snapshot(task, fit_models(task), {}, NOW)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_snapshot(snapshot, kept)
    return replace(snapshot, version="1")


def furnish(bare: Catalogue, rng: np.random.Generator) -> Catalogue:
    """Add what an organisation says of its modules, its roles, rules and pathways."""
    modules = tuple(_furnish(bare.modules, row, rng) for row in range(len(bare.modules)))
    skills = [skill.skill_id for skill in bare.skills]
    return replace(
        bare,
        modules=modules,
        roles=tuple(_role(k, skills, rng) for k in range(N_ROLES)),
        rules=tuple(_rule(k, modules, skills, rng) for k in range(N_RULES)),
        pathways=tuple(_pathway(k, modules, skills, rng) for k in range(N_PATHWAYS)),
    )


def _furnish(modules: Sequence[Module], row: int, rng: np.random.Generator) -> Module:
    """Give a module a language, what it covers, dates, and something that comes before it."""
    module, day = modules[row], timedelta(days=1)
    kind = rng.random()
    links = ()
    if row and kind < 0.3:
        strength = 1.0 if kind < 0.15 else 0.4
        links = (Prerequisite(requires_module_id=modules[row - 1].module_id, strength=strength),)
    elif module.skills and kind < 0.4:
        strength = 1.0 if kind < 0.35 else 0.5
        skill_id = module.skills[0].skill_id
        links = (Prerequisite(requires_skill_id=skill_id, min_mastery=0.4, strength=strength),)
    begins = rng.random()
    return replace(
        module,
        language=LANGUAGES[rng.integers(len(LANGUAGES))],
        accessibility=frozenset(need for need in NEEDS if rng.random() < 0.8),
        mandatory=bool(rng.random() < 0.004),
        active_from=NOW + 30 * day if begins < 0.02 else None,
        active_until=NOW - 30 * day if begins > 0.98 else None,
        prerequisites=links,
    )


def _role(k: int, skills: list[str], rng: np.random.Generator) -> Role:
    asked = rng.choice(len(skills), size=15, replace=False).tolist()
    return Role(
        role_id=f"role {k}",
        name=f"Role {k}",
        requirements=tuple(
            RoleRequirement(
                skill_id=skills[skill],
                target=float(rng.uniform(0.4, 0.9)),
                weight=float(rng.uniform(0.5, 2.0)),
            )
            for skill in asked
        ),
    )


def _rule(k: int, modules: tuple[Module, ...], skills: list[str], rng: np.random.Generator) -> Rule:
    chosen = rng.choice(len(modules), size=10, replace=False).tolist()
    named = tuple(modules[row].module_id for row in chosen)
    when = CONDITIONS[k % len(CONDITIONS)].format(
        k=k % 8, skill=skills[rng.integers(len(skills))], module=named[0]
    )
    effect = ("boost", "exclude", "require", "assign")[k % 4]
    bare = Rule(
        rule_id=f"rule {k:02}",
        when=when,
        due_in_days=30.0 if effect == "assign" else None,
        priority=k % 3,
    )
    return replace(bare, **{effect: named})


def _pathway(
    k: int, modules: tuple[Module, ...], skills: list[str], rng: np.random.Generator
) -> Pathway:
    first = int(rng.integers(len(modules) - 3 * N_STEPS))
    steps = tuple(
        PathwayStep(
            step_id=f"step {place}",
            any_of=tuple(module.module_id for module in modules[first + 3 * place :][:3]),
            optional=place % 5 == 4,
            requires=(f"step {place - 1}",) if place else (),
            when=_condition(place, skills, rng),
            milestone=Milestone(badge=f"badge {k}-{place}", title="Half") if place == 6 else None,
        )
        for place in range(N_STEPS)
    )
    return Pathway(
        pathway_id=f"pathway {k}",
        title=f"Pathway {k}",
        goal={"role_id": f"role {k}"} if k < 8 else {"certificate": f"certificate {k}"},
        steps=steps,
        entry_points=(EntryPoint(step_id="step 3", when="tenure_days > 1000.0"),),
    )


def _condition(place: int, skills: list[str], rng: np.random.Generator) -> str | None:
    skill_id = skills[rng.integers(len(skills))]
    return {
        3: f"mastery['{skill_id}'] >= 0.3",
        7: "learner.department != 'department 5'",
    }.get(place)


def _histories(
    data: TrainingData, catalogue: Catalogue, n_learners: int, n_events: int, seed: int
) -> Sequence[LearnerHistory]:
    """Return the first learners whose histories are long enough."""
    rng = np.random.default_rng(seed + 1)
    lengths = np.diff(data.log.starts)
    chosen = np.flatnonzero(lengths >= n_events)[:n_learners]
    if len(chosen) < n_learners:
        raise SystemExit(f"only {len(chosen)} histories are long enough")
    return [_history(data, catalogue, int(row), n_events, rng) for row in chosen]


def _history(
    data: TrainingData, catalogue: Catalogue, row: int, n_events: int, rng: np.random.Generator
) -> LearnerHistory:
    log, attributes = data.log, data.learner_attributes
    learner_id = log.learner_ids.ids[row]
    skills = [catalogue.skills[k].skill_id for k in rng.integers(len(catalogue.skills), size=3)]
    owed = [catalogue.modules[k].module_id for k in rng.integers(len(catalogue.modules), size=2)]
    return LearnerHistory(
        learner=Learner(
            learner_id=learner_id,
            role_id=str(attributes["role_id"][row]),
            department=str(attributes["department"][row]),
            location=str(attributes["location"][row]),
            hired_at=NOW - timedelta(days=float(rng.uniform(10, 2000))),
            language="en" if rng.random() < 0.8 else None,
            needs=frozenset({"captions"}) if rng.random() < 0.1 else frozenset(),
        ),
        interactions=tuple(
            _interaction(data, learner_id, k)
            for k in range(log.starts[row], log.starts[row] + n_events)
        ),
        evidence=tuple(
            Evidence(
                learner_id=learner_id,
                skill_id=skill_id,
                level=float(rng.uniform(0.2, 0.9)),
                source="manager",
                at=NOW - timedelta(days=40),
            )
            for skill_id in skills
        ),
        assignments=tuple(
            Assignment(learner_id=learner_id, module_id=module_id, due_at=NOW + timedelta(days=20))
            for module_id in owed
        ),
    )


def _interaction(data: TrainingData, learner_id: str, k: int) -> Interaction:
    log = data.log
    success, score = int(log.success[k]), float(log.score[k])
    return Interaction(
        event_id=f"e{k}",
        learner_id=learner_id,
        module_id=log.module_ids.ids[log.module[k]],
        event=EVENTS[int(log.event[k])] if log.event[k] >= 0 else Event.VIEWED,
        at=datetime.fromtimestamp(float(log.at_seconds[k]), UTC),
        score=None if np.isnan(score) else score,
        success=None if success == UNJUDGED else bool(success),
    )
