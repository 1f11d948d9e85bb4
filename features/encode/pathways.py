"""Pathways over a catalogue's modules: steps by position, and what comes before each."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Pathway, PathwayStep
from features.encode.ids import IdMap


@dataclass(frozen=True, kw_only=True)
class StepIndex:
    """A step.

    Attributes
    ----------
    step
        As described.
    modules
        int32, positions of its modules; those outside the catalogue are left out.
    requires
        Positions of the steps it names.
    before
        Positions of all steps that come before it, directly or not.
    """

    step: PathwayStep
    modules: NDArray[np.int32]
    requires: tuple[int, ...]
    before: frozenset[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class PathwayIndex:
    """A pathway with its steps in the order described; equal to nothing but itself."""

    pathway: Pathway
    steps: tuple[StepIndex, ...]

    @cached_property
    def position_of(self) -> Mapping[str, int]:
        """Place of each step by its id."""
        return {each.step.step_id: place for place, each in enumerate(self.steps)}

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Places of the steps, those required before those that require them."""
        return tuple(sorted(range(len(self.steps)), key=lambda k: (len(self.steps[k].before), k)))

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """Every condition of a step or an entry point."""
        named = [each.step.when for each in self.steps]
        named += [entry.when for entry in self.pathway.entry_points]
        return tuple(condition for condition in named if condition is not None)

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Rows of the modules of all steps, each with the place of the step."""
        return tuple(
            (row, place) for place, each in enumerate(self.steps) for row in each.modules.tolist()
        )

    @cached_property
    def rows(self) -> frozenset[int]:
        """Rows of the modules of all steps."""
        return frozenset(row for row, _ in self.places)


@dataclass(frozen=True, kw_only=True)
class Pathways:
    """The active pathways of a catalogue; `by_role` has those whose goal is the role."""

    everything: tuple[PathwayIndex, ...]
    by_role: Mapping[str, tuple[PathwayIndex, ...]]
    others: tuple[PathwayIndex, ...]


def index_pathways(pathways: tuple[Pathway, ...], module_ids: IdMap) -> Pathways:
    """Turn the active ones of some pathways into positions.

    Parameters
    ----------
    pathways
        Checked: steps have different ids, require steps of the same pathway, and do not loop.
    module_ids
        The order of the catalogue.
    """
    indexed = tuple(_index(pathway, module_ids) for pathway in pathways if pathway.active)
    by_role: dict[str, list[PathwayIndex]] = defaultdict(list)
    others: list[PathwayIndex] = []
    for each in indexed:
        role_id = each.pathway.goal.get("role_id")
        (others if role_id is None else by_role[str(role_id)]).append(each)
    return Pathways(
        everything=indexed,
        by_role={role_id: tuple(some) for role_id, some in by_role.items()},
        others=tuple(others),
    )


def _index(pathway: Pathway, module_ids: IdMap) -> PathwayIndex:
    places = {step.step_id: place for place, step in enumerate(pathway.steps)}
    requires = [tuple(places[name] for name in step.requires) for step in pathway.steps]
    return PathwayIndex(
        pathway=pathway,
        steps=tuple(
            StepIndex(
                step=step,
                modules=np.array(
                    [module_ids.index_of[m] for m in step.any_of if m in module_ids],
                    dtype=np.int32,
                ),
                requires=requires[place],
                before=_before(place, requires),
            )
            for place, step in enumerate(pathway.steps)
        ),
    )


def _before(place: int, requires: list[tuple[int, ...]]) -> frozenset[int]:
    found: set[int] = set()
    open_ends = list(requires[place])
    while open_ends:
        step = open_ends.pop()
        if step not in found:
            found.add(step)
            open_ends.extend(requires[step])
    return frozenset(found)
