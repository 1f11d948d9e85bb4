"""A learner's journey told step by step, for people and for programs that award badges."""

from datetime import datetime

import numpy as np

from features.decide.case import Case, Scoring, open_case
from features.decide.journey import MET, PathwayStanding, StepStanding, StepState
from features.decide.projection import project
from features.domain.history import Event
from features.domain.instants import from_seconds
from features.domain.journey import (
    DoneStep,
    LockedStep,
    MilestoneStanding,
    NextStep,
    PathwayProgress,
)
from features.domain.recommendation import DecisionRequest
from features.encode.log import EVENT_CODES

UNKNOWN_CHANCE = 0.5


def journey_of(request: DecisionRequest, scorer: Scoring) -> tuple[PathwayProgress, ...]:
    """Return where a learner stands on each of their pathways, in order of pathway ids."""
    case = open_case(request, scorer)
    return tuple(_progress(case, standing) for standing in case.journey.pathways)


def _progress(case: Case, standing: PathwayStanding) -> PathwayProgress:
    pathway = standing.index.pathway
    core = standing.core
    return PathwayProgress(
        pathway_id=pathway.pathway_id,
        title=pathway.title,
        version=pathway.version,
        goal=pathway.goal,
        entered_at=standing.entered_at,
        n_core=len(core),
        n_core_done=sum(each.state in MET for each in core),
        is_complete=standing.is_complete,
        done=tuple(_done(case, each) for each in standing.steps if each.state in MET),
        next=tuple(_next(each) for each in standing.steps if each.state is StepState.OPEN),
        locked=tuple(
            _locked(case, standing, each)
            for each in standing.steps
            if each.state is StepState.LOCKED
        ),
        milestones=tuple(_milestones(case, standing)),
        projected=project(
            case.arrays,
            [_chance(case, each) for each in core if each.state not in MET],
            case.request.now.timestamp(),
        ),
    )


def _done(case: Case, each: StepStanding) -> DoneStep:
    row = _done_row(case, each)
    return DoneStep(
        step_id=each.index.step.step_id,
        state=each.state.value,
        module_id=None if row is None else case.index.module_ids.ids[row],
        done_at=None if row is None else _done_at(case, row),
        waived=row is not None and _is_waived(case, row),
    )


def _next(each: StepStanding) -> NextStep:
    step = each.index.step
    return NextStep(step_id=step.step_id, module_ids=step.any_of, optional=step.optional)


def _locked(case: Case, standing: PathwayStanding, each: StepStanding) -> LockedStep:
    needed = [standing.steps[place].index.step for place in each.needs]
    language = case.language
    parts = [language.say("step_module", {"module": case.any_title_of(step)}) for step in needed]
    when = None if each.condition_holds else each.index.step.when
    parts += [language.say("step_condition", {"condition": when})] if when else []
    return LockedStep(
        step_id=each.index.step.step_id,
        module_ids=each.index.step.any_of,
        needs=tuple(step.step_id for step in needed),
        when=when,
        text=language.say("step_opens", {"needs": language.all_of(parts)}),
    )


def _milestones(case: Case, standing: PathwayStanding) -> list[MilestoneStanding]:
    found = []
    for each in standing.steps:
        milestone = each.index.step.milestone
        if milestone is not None and each.state is not StepState.NOT_FOR_YOU:
            row = _done_row(case, each)
            found.append(
                MilestoneStanding(
                    step_id=each.index.step.step_id,
                    badge=milestone.badge,
                    title=milestone.title,
                    earned_at=None if row is None else _done_at(case, row),
                )
            )
    return found


def _chance(case: Case, each: StepStanding) -> float:
    """Return the chance of success at the step's likeliest module."""
    rows = each.index.modules
    return float(case.scores.p_success[rows].max()) if len(rows) else UNKNOWN_CHANCE


def _done_row(case: Case, each: StepStanding) -> int | None:
    """Return the module of the step that was done first, None where none was."""
    rows = each.index.modules[case.arrays.done[each.index.modules]]
    return int(min(rows, key=lambda row: _first_done(case, int(row)))) if len(rows) else None


def _first_done(case: Case, row: int) -> float:
    log = case.arrays.log
    return float(log.at_seconds[np.flatnonzero((log.module == row) & log.done)[0]])


def _done_at(case: Case, row: int) -> datetime:
    return from_seconds(_first_done(case, row))


def _is_waived(case: Case, row: int) -> bool:
    log = case.arrays.log
    first = np.flatnonzero((log.module == row) & log.done)[0]
    return bool(log.event[first] == EVENT_CODES[Event.WAIVED])
