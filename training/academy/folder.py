"""The academy as a history folder: plain CSV, one file a table."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from features.domain.catalogue import Module, Prerequisite
from features.domain.history import Event, Learner
from training.academy.academy import Academy
from training.academy.events import Interactions

_EVENT_NAMES = np.array([str(event) for event in Event])
_FLAGS = np.array(["false", "true", ""])  # by success code: 0, 1 and −1


def write_folder(academy: Academy, folder: Path) -> None:
    """Write every table of the academy, and nothing of the truth.

    Parameters
    ----------
    academy
        What to write.
    folder
        Made where it does not exist; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_catalogue(academy, folder)
    _write_people(academy, folder)
    _write_interactions(academy, folder)


def _write_catalogue(academy: Academy, folder: Path) -> None:
    catalogue = academy.catalogue
    modules = catalogue.modules
    _write(folder / "modules.csv", _MODULE_COLUMNS, (_module_row(module) for module in modules))
    _write(
        folder / "module_skills.csv",
        ("module_id", "skill_id", "weight"),
        ((m.module_id, each.skill_id, each.weight) for m in modules for each in m.skills),
    )
    _write(
        folder / "prerequisites.csv",
        ("module_id", "requires_module_id", "requires_skill_id", "min_mastery", "strength"),
        (_prerequisite_row(m.module_id, each) for m in modules for each in m.prerequisites),
    )
    _write(
        folder / "skills.csv",
        ("skill_id", "name", "parent_id"),
        ((skill.skill_id, skill.name, skill.parent_id) for skill in catalogue.skills),
    )
    _write(
        folder / "skill_edges.csv",
        ("skill_id", "precedes_skill_id", "strength"),
        ((e.skill_id, e.precedes_skill_id, e.strength) for e in catalogue.skill_edges),
    )
    roles = catalogue.roles
    _write(folder / "roles.csv", ("role_id", "name"), ((r.role_id, r.name) for r in roles))
    _write(
        folder / "role_skills.csv",
        ("role_id", "skill_id", "target", "weight"),
        ((r.role_id, e.skill_id, e.target, e.weight) for r in roles for e in r.requirements),
    )


def _write_people(academy: Academy, folder: Path) -> None:
    attributes = sorted({name for each in academy.learners for name in each.attributes})
    _write(
        folder / "learners.csv",
        (*_LEARNER_COLUMNS, *attributes),
        (_learner_row(learner, attributes) for learner in academy.learners),
    )
    _write(
        folder / "assignments.csv",
        ("learner_id", "module_id", "due_at", "reason"),
        ((a.learner_id, a.module_id, _instant(a.due_at), a.reason) for a in academy.assignments),
    )
    _write(
        folder / "evidence.csv",
        ("learner_id", "skill_id", "level", "source", "at"),
        ((e.learner_id, e.skill_id, e.level, e.source, _instant(e.at)) for e in academy.evidence),
    )
    _write(
        folder / "outcomes.csv",
        ("learner_id", "metric", "value", "at"),
        ((o.learner_id, o.metric, o.value, _instant(o.at)) for o in academy.outcomes),
    )


_MODULE_COLUMNS = (
    "module_id",
    "title",
    "description",
    "format",
    "kind",
    "duration_minutes",
    "difficulty",
    "pass_mark",
    "language",
    "mandatory",
    "accessibility",
    "version",
    "updated_at",
    "active_from",
    "active_until",
    "url",
)


def _module_row(module: Module) -> tuple[object, ...]:
    return (
        module.module_id,
        module.title,
        module.description,
        module.format,
        module.kind,
        module.duration_minutes,
        module.difficulty,
        module.pass_mark,
        module.language,
        _flag(module.mandatory),
        _words(module.accessibility),
        module.version,
        _instant(module.updated_at),
        _instant(module.active_from),
        _instant(module.active_until),
        module.url,
    )


def _prerequisite_row(module_id: str, each: Prerequisite) -> tuple[object, ...]:
    return (
        module_id,
        each.requires_module_id,
        each.requires_skill_id,
        each.min_mastery,
        each.strength,
    )


_LEARNER_COLUMNS = (
    "learner_id",
    "role_id",
    "goal_role_id",
    "department",
    "location",
    "hired_at",
    "language",
    "manager_id",
    "needs",
    "mentor",
    "personalised",
)


def _learner_row(learner: Learner, attributes: Sequence[str]) -> tuple[object, ...]:
    return (
        learner.learner_id,
        learner.role_id,
        learner.goal_role_id,
        learner.department,
        learner.location,
        _instant(learner.hired_at),
        learner.language,
        learner.manager_id,
        _words(learner.needs),
        _flag(learner.mentor),
        _flag(learner.personalised),
        *(learner.attributes.get(name) for name in attributes),
    )


def _write_interactions(academy: Academy, folder: Path) -> None:
    rows: Interactions = academy.interactions
    columns = {
        "learner_id": np.array(academy.truth.learner_ids.ids)[rows.learner],
        "module_id": np.array(academy.truth.module_ids.ids)[rows.module],
        "event": _EVENT_NAMES[rows.event],
        "at": np.char.add(rows.at_seconds.astype("datetime64[s]").astype(str), "Z"),
        "score": np.where(np.isnan(rows.score), "", np.char.mod("%.2f", rows.score)),
        "success": _FLAGS[rows.success],
        "duration_seconds": np.where(
            np.isnan(rows.duration_seconds), "", np.char.mod("%.0f", rows.duration_seconds)
        ),
        "attempt": np.where(rows.attempt < 0, "", rows.attempt.astype(str)),
        "event_id": rows.event_id,
        "comment": rows.comment,
    }
    _write(folder / "interactions.csv", tuple(columns), zip(*columns.values(), strict=True))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _words(words: frozenset[str]) -> str:
    return ";".join(sorted(words))


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
