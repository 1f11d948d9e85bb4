"""Where a learner stands on a pathway: what is done, open, locked, and by which rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from features.decide.conditions import Facts, holds, names_in
from features.decide.facts import Subject
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.encode.pathways import PathwayIndex, StepIndex

# A condition on these asks for something to be reached; on anything else it tells learners apart.
ATTAINABLE = frozenset({"done", "scores", "evidence", "mastery", "sure_mastery"})


class StepState(StrEnum):
    """How a step stands to a learner."""

    DONE = "done"
    PASSED_OVER = "passed_over"
    NOT_FOR_YOU = "not_for_you"
    OPEN = "open"
    LOCKED = "locked"


MET = frozenset({StepState.DONE, StepState.PASSED_OVER, StepState.NOT_FOR_YOU})
OPTIONAL_PULL = 0.5
MOST_STANDINGS = 4096  # that are kept at hand


@dataclass(frozen=True, kw_only=True)
class StepStanding:
    """One step.

    Attributes
    ----------
    index
        The step.
    state
        How it stands.
    needs
        Positions of required steps that are not met.
    condition_holds
        Whether its `when` holds; true where it has none.
    """

    index: StepIndex
    state: StepState
    needs: tuple[int, ...]
    condition_holds: bool


@dataclass(frozen=True, kw_only=True)
class PathwayStanding:
    """A learner on a pathway; `entered_at` are the ids of the steps they may start from."""

    index: PathwayIndex
    entered_at: tuple[str, ...]
    steps: tuple[StepStanding, ...]

    @property
    def core(self) -> tuple[StepStanding, ...]:
        """Steps that are neither optional nor for others."""
        return tuple(
            each
            for each in self.steps
            if not each.index.step.optional and each.state is not StepState.NOT_FOR_YOU
        )

    @cached_property
    def is_complete(self) -> bool:
        """Whether nothing of the core is left."""
        return all(each.state in MET for each in self.core)

    @cached_property
    def released(self) -> Mapping[int, float]:
        """Row of each module of an open step → 1, `OPTIONAL_PULL` where no core step has it."""
        pulls: dict[int, float] = {}
        for each in self.steps:
            if each.state is StepState.OPEN:
                pull = OPTIONAL_PULL if each.index.step.optional else 1.0
                for row in each.index.modules.tolist():
                    pulls[row] = max(pull, pulls.get(row, 0.0))
        return pulls

    @cached_property
    def locked(self) -> frozenset[int]:
        """Rows of the modules of locked steps."""
        return self._rows(is_locked=True)

    @cached_property
    def let_go(self) -> frozenset[int]:
        """Rows of the modules of all other steps."""
        return self._rows(is_locked=False)

    def _rows(self, *, is_locked: bool) -> frozenset[int]:
        return frozenset(
            row
            for each in self.steps
            if (each.state is StepState.LOCKED) is is_locked
            for row in each.index.modules.tolist()
        )


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A learner on all their pathways.

    Attributes
    ----------
    pathways
        In order of their ids.
    released
        Row of each module of an open step → 1, `OPTIONAL_PULL` where no core step has it.
    held_back
        Rows of the modules of locked steps that no open or done step has.
    """

    pathways: tuple[PathwayStanding, ...]
    released: Mapping[int, float]
    held_back: frozenset[int]


def travel(subject: Subject, mine: tuple[PathwayIndex, ...], facts: Facts) -> Journey:
    """Follow a learner along every pathway that is theirs.

    Parameters
    ----------
    subject
        Learner and instant.
    mine
        The pathways, as `pathways_of` finds them.
    facts
        Everything that the pathways' conditions mention.
    """
    standings = tuple(follow(pathway, subject.arrays, facts) for pathway in mine)
    released = dict[int, float]()
    locked, let_go = set[int](), set[int]()
    for standing in standings:
        for row, pull in standing.released.items():
            released[row] = max(pull, released.get(row, 0.0))
        locked |= standing.locked
        let_go |= standing.let_go
    return Journey(pathways=standings, released=released, held_back=frozenset(locked - let_go))


def pathways_of(
    index: CatalogueIndex, arrays: LearnerArrays, goal_role_id: str | None = None
) -> tuple[PathwayIndex, ...]:
    """Return the pathways that are a learner's.

    Those whose goal is the learner's goal role, else the present role; and of those with another
    goal (skills, a certificate) the ones the learner has begun.
    """
    learner, pathways = arrays.learner, index.pathways
    if not pathways.everything:
        return ()
    for role_id in (goal_role_id, learner.goal_role_id, learner.role_id):
        to_role = pathways.by_role.get(role_id or "", ())
        if to_role:
            break
    seen = arrays.seen.nonzero()[0].tolist() if pathways.others else []
    begun = [pathway for pathway in pathways.others if not pathway.rows.isdisjoint(seen)]
    return tuple(sorted((*to_role, *begun), key=lambda each: each.pathway.pathway_id))


def follow(pathway: PathwayIndex, arrays: LearnerArrays, facts: Facts) -> PathwayStanding:
    """Settle the state of every step, those required before those that require them."""
    done = [step for row, step in pathway.places if row in arrays.done_rows]
    holding = [when for when in pathway.conditions if holds(when, facts) is True]
    return _stand(pathway, frozenset(done), frozenset(holding))


@lru_cache(maxsize=MOST_STANDINGS)
def _stand(pathway: PathwayIndex, done: frozenset[int], holding: frozenset[str]) -> PathwayStanding:
    """Settle it from the steps done and the conditions that hold: many learners have them alike."""
    entered = _entries(pathway, holding)
    passed = {step for place in entered for step in pathway.steps[place].before}
    standings: dict[int, StepStanding] = {}
    for place in pathway.order:
        step = pathway.steps[place]
        holds_now = step.step.when is None or step.step.when in holding
        needs = tuple(k for k in step.requires if standings[k].state not in MET)
        state = StepState.DONE if place in done else _state(step, holds_now, bool(needs))
        if place in passed and state in (StepState.OPEN, StepState.LOCKED):
            state = StepState.PASSED_OVER
        standings[place] = StepStanding(
            index=step, state=state, needs=needs, condition_holds=holds_now
        )
    return PathwayStanding(
        index=pathway,
        entered_at=tuple(pathway.steps[place].step.step_id for place in entered),
        steps=tuple(standings[place] for place in range(len(pathway.steps))),
    )


def _state(step: StepIndex, holds_now: bool, needs_more: bool) -> StepState:
    if not holds_now and not names_in(step.step.when or "true") & ATTAINABLE:
        return StepState.NOT_FOR_YOU
    return StepState.OPEN if holds_now and not needs_more else StepState.LOCKED


def _entries(pathway: PathwayIndex, holding: frozenset[str]) -> tuple[int, ...]:
    """Return where the learner may start: every entry point whose condition holds."""
    places = pathway.position_of
    return tuple(
        places[entry.step_id]
        for entry in pathway.pathway.entry_points
        if entry.when is None or entry.when in holding
    )
