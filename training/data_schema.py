"""The schema of training data, by what it really says, and what a later one lost of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import DEFAULT_PASS_MARK, Catalogue, Module
from features.domain.history import Event
from features.score.snapshot import Snapshot
from training.histories.data import TrainingData
from training.histories.schema import LEARNERS, MODULES, TABLE_OF, Kind
from training.models import RANKING, SUCCESS

INSTANT, ORDINAL = "instants", "ordinals"
SCHEMA = "data_schema"
# A share that is now under a tenth of what it was is lost; one that was under 1 % is not missed.
LOST_SHARE = 0.1
SMALLEST_SHARE = 0.01
KEPT_IDS_SHARE = 0.5

_TIME_IS_LOST = (
    "interactions.at: instants became ordinals, so that nothing is known of time. Send ISO 8601 or "
    "Unix seconds for every event, and train again."
)
_PARTS = {RANKING: "ranking", SUCCESS: "success"}
_ID_SPACES = {
    "modules": (f"{RANKING}.module_ids", f"{SUCCESS}.module_ids"),
    "skills": (f"{SUCCESS}.skill_ids",),
    "roles": (f"{RANKING}.role_ids",),
}


def describe_schema(data: TrainingData) -> dict[str, Any]:
    """Describe which columns and kinds of event training data really has, ready for JSON.

    A column counts as far as it says something: the share of its table's rows that have a value.
    Where a folder and a database hold the same data, they have the same schema.

    Returns
    -------
    dict
        `at` is "instants" or "ordinals"; `events` gives the share of each kind of event among all;
        `columns` gives, by "table.column", the kind of its values and the share of rows with one.
    """
    log = data.log
    counts = np.bincount(log.event, minlength=len(Event))
    shares = (counts / max(len(log), 1)).tolist()
    return {
        "at": INSTANT if log.is_timed else ORDINAL,
        "events": {str(event): share for event, share in zip(Event, shares, strict=True) if share},
        "columns": {
            name: {"kind": kind, "share": share}
            for name, (kind, share) in sorted(_columns(data).items())
            if share > 0
        },
    }


def schema_losses(champion: Snapshot, candidate: Snapshot) -> tuple[str, ...]:
    """Name everything the champion's data had that the candidate's has lost or changed.

    Parameters
    ----------
    champion, candidate
        Snapshots; a champion without a described schema loses nothing.

    Returns
    -------
    tuple of str
        One sentence each, with what to do; empty where nothing is lost. New columns, events and
        ids are no loss.
    """
    then, now = champion.manifest.get(SCHEMA, {}), candidate.manifest.get(SCHEMA, {})
    losses = [*_lost_parts(champion, candidate), *_lost_ids(champion, candidate)]
    if then and now:
        losses += [*_changed_time(then, now), *_lost_events(then, now), *_lost_columns(then, now)]
    return tuple(losses)


def _columns(data: TrainingData) -> dict[str, tuple[str, float]]:
    """Return the kind and the share of each column, by table and column."""
    log, catalogue = data.log, data.catalogue
    with_evidence = len(np.unique(data.evidence.learner)) / max(log.n_learners, 1)
    return {
        "interactions.score": (Kind.LEVEL.value, _share(np.isfinite(log.score))),
        "interactions.success": (Kind.FLAG.value, _share(log.success >= 0)),
        "evidence.level": (Kind.LEVEL.value, with_evidence),
        **_of_modules(catalogue.modules),
        **_of_taxonomy(catalogue),
        **{
            f"{LEARNERS.name}.{name}": (_kind_of(name, values), _share(values != ""))
            for name, values in data.learner_attributes.items()
        },
    }


def _of_modules(modules: tuple[Module, ...]) -> dict[str, tuple[str, float]]:
    described = {
        f"{MODULES.name}.{column.name}": (
            column.kind.value,
            _share(_says(module, column.name) for module in modules),
        )
        for column in MODULES.columns[1:]
    }
    tagged = _share(any(tag.weight > 0 for tag in module.skills) for module in modules)
    linked = _share(len(module.prerequisites) > 0 for module in modules)
    return described | {
        "module_skills.skill_id": (Kind.ID.value, tagged),
        "prerequisites.module_id": (Kind.ID.value, linked),
    }


def _says(module: Module, column: str) -> bool:
    """Tell whether a module has more in a column than what stands in for nothing."""
    value = getattr(module, column)
    stand_in = {"title": module.module_id, "pass_mark": DEFAULT_PASS_MARK, "mandatory": False}
    return value is not None and value not in ("", frozenset()) and value != stand_in.get(column)


def _of_taxonomy(catalogue: Catalogue) -> dict[str, tuple[str, float]]:
    ordered = {edge.skill_id for edge in catalogue.skill_edges}
    return {
        "skills.parent_id": (
            Kind.ID.value,
            _share(skill.parent_id is not None for skill in catalogue.skills),
        ),
        "skill_edges.precedes_skill_id": (
            Kind.ID.value,
            _share(skill.skill_id in ordered for skill in catalogue.skills),
        ),
        "role_skills.target": (
            Kind.LEVEL.value,
            _share(len(role.requirements) > 0 for role in catalogue.roles),
        ),
    }


def _kind_of(attribute: str, values: NDArray[np.str_]) -> str:
    """Return a described column's kind, and of a free attribute whether it is numbers or text."""
    if attribute in LEARNERS.column_names:
        return LEARNERS.column(attribute).kind.value
    known = np.unique(values[values != ""]).tolist()
    return Kind.VALUE.value if all(map(_is_number, known)) else Kind.TEXT.value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _share(holds: Iterable[bool] | NDArray[np.bool_]) -> float:
    rows = holds if isinstance(holds, np.ndarray) else np.array(list(holds), dtype=bool)
    return float(rows.mean()) if len(rows) else 0.0


def _lost_parts(champion: Snapshot, candidate: Snapshot) -> list[str]:
    return [
        f"the model of {name} is gone: the champion has one, this version has none. See whether "
        "its data still has what teaches one, and train again."
        for part, name in _PARTS.items()
        if champion.part(part) and not candidate.part(part)
    ]


def _lost_ids(champion: Snapshot, candidate: Snapshot) -> list[str]:
    losses = []
    for table, places in _ID_SPACES.items():
        before, after = _ids(champion, places), _ids(candidate, places)
        kept = len(before & after) / max(len(before), 1)
        if before and kept < KEPT_IDS_SHARE:
            losses.append(
                f"{table}: only {kept:.0%} of the champion's {len(before):,} ids are still there. "
                "Map the new ids to the old ones in the import, and train again."
            )
    return losses


def _ids(snapshot: Snapshot, places: tuple[str, ...]) -> set[str]:
    return {
        str(name)
        for place in places
        if place in snapshot.arrays
        for name in snapshot.arrays[place].tolist()
    }


def _changed_time(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    if then["at"] == INSTANT and now["at"] == ORDINAL:
        return [_TIME_IS_LOST]
    return []


def _lost_events(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    losses = []
    for event, before in then["events"].items():
        after = now["events"].get(event, 0.0)
        if _is_lost(before, after):
            losses.append(
                f"interactions.event: {before:.1%} of events were `{event}`, now {_now(after)} "
                "are. Look whether the LMS still sends them, and train again."
            )
    return losses


def _lost_columns(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    losses = []
    for name, before in then["columns"].items():
        after = now["columns"].get(name, {"kind": before["kind"], "share": 0.0})
        rows = _rows_of(name)
        if _is_lost(before["share"], after["share"]):
            losses.append(
                f"{name}: {before['share']:.1%} of {rows} had a value, now {_now(after['share'])} "
                "have. Bring the column back in the import, and train again."
            )
        elif after["kind"] != before["kind"]:
            losses.append(
                f"{name}: its values were of kind {before['kind']}, now they are of kind "
                f"{after['kind']}. Send them as before or under another name, and train again."
            )
    return losses


def _rows_of(name: str) -> str:
    """Return what a column's share counts, in words."""
    table = name.partition(".")[0]
    counted = {
        "interactions": "events",
        "evidence": "learners",
        "module_skills": "modules",
        "prerequisites": "modules",
        "skill_edges": "skills",
        "role_skills": "roles",
    }
    return counted.get(table, TABLE_OF[table].name)


def _is_lost(before: float, after: float) -> bool:
    return before >= SMALLEST_SHARE and after < LOST_SHARE * before


def _now(share: float) -> str:
    return "none" if share == 0 else f"{share:.1%}"
