"""The learning offer as arrays, ready for simulation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.domain.catalogue import QUESTION, Catalogue, Pathway, Prerequisite
from features.encode.ids import IdMap
from training.academy.catalogue import GRADED_FORMATS
from training.academy.model import Floats
from training.academy.module_truth import ModuleTruth

Positions = NDArray[np.int32]

FORMATS = ("video", "article", "course", "workshop", "simulation", "quiz", "podcast", "question")


@dataclass(frozen=True, kw_only=True)
class HardLinks:
    """Hard prerequisites as parallel arrays.

    `module` needs `requires` done; `skilled_module` needs `skill` at `min_mastery` (in [0,1]).
    """

    module: Positions
    requires: Positions
    skilled_module: Positions
    skill: Positions
    min_mastery: Floats


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A pathway: the modules of each step, and the steps that each one waits for."""

    modules: tuple[Positions, ...]
    requires: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class World:
    """The offer as arrays; the first `n_content` modules are content, the rest questions.

    Attributes
    ----------
    truth
        Of all modules.
    format
        int64, (n_modules,), positions in `FORMATS`.
    minutes, pass_mark
        float64, (n_modules,).
    is_graded
        bool, (n_modules,): taking it to the end is judged.
    active_from, active_until
        float64, (n_modules,), Unix seconds, −inf and inf where unlimited.
    hard
        Hard prerequisites.
    soft
        Sparse (n_content, n_content): how strongly the row should wait for the column.
    sequence
        float64, (n_content, n_content): pull from the row, just taken, to the column.
    pathways
        In order of the catalogue.
    """

    module_ids: IdMap
    skill_ids: IdMap
    n_content: int
    truth: ModuleTruth
    format: NDArray[np.int64]
    minutes: Floats
    pass_mark: Floats
    is_graded: NDArray[np.bool_]
    active_from: Floats
    active_until: Floats
    hard: HardLinks
    soft: sparse.csr_array
    sequence: Floats
    pathways: tuple[Steps, ...]


def build_world(
    catalogue: Catalogue, truth: ModuleTruth, skill_ids: IdMap, sequence: Floats
) -> World:
    """Turn the catalogue into arrays.

    Parameters
    ----------
    catalogue
        Content first, then questions.
    truth
        Of the same modules.
    skill_ids
        Skills that modules are about (areas are left out).
    sequence
        float64, (n_content, n_content), as in `World`.
    """
    modules = catalogue.modules
    module_ids = IdMap(module.module_id for module in modules)
    return World(
        module_ids=module_ids,
        skill_ids=skill_ids,
        n_content=sum(module.kind != QUESTION for module in modules),
        truth=truth,
        format=np.array([FORMATS.index(str(module.format)) for module in modules]),
        minutes=np.array([module.duration_minutes or 0.0 for module in modules]),
        pass_mark=np.array([module.pass_mark for module in modules]),
        is_graded=np.array([module.format in GRADED_FORMATS for module in modules]),
        active_from=_seconds([module.active_from for module in modules], -np.inf),
        active_until=_seconds([module.active_until for module in modules], np.inf),
        hard=_hard_links(catalogue, module_ids, skill_ids),
        soft=_soft_links(catalogue, module_ids, len(sequence)),
        sequence=sequence,
        pathways=tuple(_steps(pathway, module_ids) for pathway in catalogue.pathways),
    )


def _seconds(instants: Sequence[datetime | None], absent: float) -> Floats:
    return np.array([absent if at is None else at.timestamp() for at in instants])


def _links(catalogue: Catalogue, *, hard: bool) -> list[tuple[str, Prerequisite]]:
    return [
        (module.module_id, each)
        for module in catalogue.modules
        for each in module.prerequisites
        if each.is_hard is hard
    ]


def _names(ids: Iterable[str | None]) -> list[str]:
    return [str(name) for name in ids]


def _hard_links(catalogue: Catalogue, module_ids: IdMap, skill_ids: IdMap) -> HardLinks:
    links = _links(catalogue, hard=True)
    on_modules = [link for link in links if link[1].requires_module_id is not None]
    on_skills = [link for link in links if link[1].requires_skill_id is not None]
    return HardLinks(
        module=module_ids.positions(name for name, _ in on_modules),
        requires=module_ids.positions(_names(each.requires_module_id for _, each in on_modules)),
        skilled_module=module_ids.positions(name for name, _ in on_skills),
        skill=skill_ids.positions(_names(each.requires_skill_id for _, each in on_skills)),
        min_mastery=np.array([each.min_mastery or 0.0 for _, each in on_skills], dtype=float),
    )


def _soft_links(catalogue: Catalogue, module_ids: IdMap, n_content: int) -> sparse.csr_array:
    links = [link for link in _links(catalogue, hard=False) if link[1].requires_module_id]
    rows = module_ids.positions(name for name, _ in links)
    columns = module_ids.positions(_names(each.requires_module_id for _, each in links))
    strengths = np.array([each.strength for _, each in links], dtype=float)
    return sparse.csr_array((strengths, (rows, columns)), shape=(n_content, n_content))


def _steps(pathway: Pathway, module_ids: IdMap) -> Steps:
    number = {step.step_id: position for position, step in enumerate(pathway.steps)}
    return Steps(
        modules=tuple(module_ids.positions(step.any_of) for step in pathway.steps),
        requires=tuple(
            tuple(number[step_id] for step_id in step.requires) for step in pathway.steps
        ),
    )
