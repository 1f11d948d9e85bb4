from dataclasses import replace

import numpy as np
import pytest

from features.domain.history import Event
from features.encode.log import EVENT_CODES
from training.academy import Academy
from training.academy.choice import (
    initial_state,
    is_open,
    next_steps,
    pressure,
    utilities,
)
from training.academy.events import Interactions
from training.academy.timing import draw_spans, to_working_time
from training.academy.world import FORMATS, Steps

DAY = 86_400.0
MONDAY = 1_784_505_600.0  # 2026-07-20T00:00:00Z


def rows_of(interactions: Interactions, *events: Event) -> np.ndarray:
    return np.isin(interactions.event, [EVENT_CODES[event] for event in events])


def may_begin(academy: Academy, module_id: str, done: tuple[str, ...]) -> bool:
    """Tell whether an able learner with English and no needs, who has done `done`, may begin."""
    truth = academy.truth
    state = initial_state(truth.crowd, truth.world)
    row = next(
        row for row, each in enumerate(academy.learners) if each.language == "en" and not each.needs
    )
    state.level[:] = 1.0
    state.done[row, truth.module_ids.positions(done)] = True
    now = np.array([academy.now.timestamp()])
    opened = is_open(truth.world, truth.crowd, state, np.array([row]), now)
    return bool(opened[0, truth.module_ids.index_of[module_id]])


def test_a_module_opens_once_what_it_requires_is_done(full: Academy) -> None:
    assert not may_begin(full, "manual-handling-2", ())
    assert may_begin(full, "manual-handling-2", ("workplace-safety-1",))


def test_a_done_module_and_one_in_another_language_are_closed(full: Academy) -> None:
    assert may_begin(full, "respect-1", ())
    assert not may_begin(full, "respect-1", ("respect-1",))
    assert not may_begin(full, "respect-1-de", ())


def test_a_module_opens_from_the_level_it_asks_for(full: Academy) -> None:
    truth = full.truth
    state = initial_state(truth.crowd, truth.world)
    module = truth.module_ids.index_of["negotiating-4"]
    skill = truth.skill_ids.index_of["negotiating"]
    rows = np.flatnonzero(truth.crowd.may_take[:, module])[:2]
    state.level[rows, skill] = [0.39, 0.40]
    now = np.full(2, full.now.timestamp())
    opened = is_open(truth.world, truth.crowd, state, rows, now)[:, module]
    assert opened.tolist() == [False, True]


def test_retired_and_upcoming_modules_are_closed(full: Academy) -> None:
    truth = full.truth
    state = initial_state(truth.crowd, truth.world)
    row, n_checked = np.array([0]), 0
    for module in full.catalogue.modules:
        limit = module.active_until or module.active_from
        position = truth.module_ids.index_of[module.module_id]
        if limit is None or not truth.crowd.may_take[0, position]:
            continue
        state.level[:], state.done[:] = 1.0, True
        state.done[0, position] = False
        at = limit.timestamp()
        before = is_open(truth.world, truth.crowd, state, row, np.array([at - 1.0]))[0, position]
        after = is_open(truth.world, truth.crowd, state, row, np.array([at]))[0, position]
        assert (before, after) == ((True, False) if module.active_until else (False, True))
        n_checked += 1
    assert n_checked > 3


def test_the_next_steps_of_a_pathway_are_those_whose_steps_before_are_done() -> None:
    steps = Steps(
        modules=tuple(np.array(each, dtype=np.int32) for each in ([0], [1, 2], [3])),
        requires=((), (0,), (1,)),
    )
    done = np.array(
        [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]],
        dtype=bool,
    )
    assert next_steps(steps, done).tolist() == [
        [1, 0, 0, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize(
    ("days_left", "felt"), [(40.0, 0.0), (15.0, 0.5), (0.0, 1.0), (-15.0, 1.5), (-300.0, 1.5)]
)
def test_a_due_date_presses_from_thirty_days_ahead(
    small: Academy, days_left: float, felt: float
) -> None:
    world = small.truth.world
    due_at = np.full((1, world.n_content), np.inf)
    due_at[0, 2] = 1e9 + days_left * DAY
    crowd = replace(small.truth.crowd, due_at=due_at, diligence=np.array([1.0]))
    state = initial_state(small.truth.crowd, world)
    at = np.array([1e9])
    assert pressure(crowd, state, np.array([0]), at) == pytest.approx(np.array([[felt]]))
    state.done[0, 2] = True
    assert pressure(crowd, state, np.array([0]), at).tolist() == [[0.0]]


def test_nobody_is_drawn_to_what_is_closed(small: Academy) -> None:
    truth = small.truth
    state = truth.simulation.state
    goers = np.arange(len(small.learners))
    at = np.full(len(goers), small.now.timestamp())
    drawn = utilities(truth.world, truth.crowd, state, truth.model, goers, at)
    opened = is_open(truth.world, truth.crowd, state, goers, at)
    assert np.array_equal(np.isfinite(drawn), opened)


def test_learning_begins_after_the_wish_by_day_and_mostly_on_weekdays() -> None:
    rng = np.random.default_rng(0)
    wished = MONDAY + rng.uniform(0.0, 7 * DAY, 4_000)
    at = to_working_time(wished, rng)
    hours = at % DAY / 3_600
    weekdays = ((at // DAY).astype(int) + 3) % 7
    assert (at >= wished - 1.0).all()
    assert hours.min() >= 7.0
    assert hours.max() <= 18.5
    assert 0.0 < np.mean(weekdays >= 5) < 0.15


def test_only_courses_and_workshops_begin_with_a_registration_ahead() -> None:
    rng = np.random.default_rng(0)
    formats = np.arange(len(FORMATS))
    span = draw_spans(formats, np.full(len(formats), 90.0), np.zeros(len(formats), bool), rng)
    ahead = {FORMATS[each] for each in np.flatnonzero(span.lead_seconds)}
    assert ahead == {"course", "workshop"}
    assert (span.elapsed_seconds >= span.effort_seconds).all()


def test_giving_up_takes_less_time_than_finishing() -> None:
    formats, minutes = np.zeros(500, dtype=int), np.full(500, 10.0)
    through, given_up = (
        draw_spans(formats, minutes, np.full(500, dropped), np.random.default_rng(1))
        for dropped in (False, True)
    )
    assert given_up.effort_seconds.mean() < 0.5 * through.effort_seconds.mean()


def test_hard_module_prerequisites_are_done_before_anything_happens(full: Academy) -> None:
    world, episodes = full.truth.world, full.truth.simulation.episodes
    finished = ~episodes.dropped & (episodes.success != 0)
    n_checked = 0
    for module, required in zip(world.hard.module, world.hard.requires, strict=True):
        done_at = np.full(len(full.learners), np.inf)
        of_required = finished & (episodes.module == required)
        np.minimum.at(done_at, episodes.learner[of_required], episodes.ended_at[of_required])
        taken = full.interactions.module == module
        learners = full.interactions.learner[taken]
        assert (full.interactions.at_seconds[taken] >= done_at[learners]).all()
        n_checked += int(taken.sum())
    assert n_checked > 100


def test_hard_skill_prerequisites_are_reached_before_a_module_begins(full: Academy) -> None:
    world, episodes = full.truth.world, full.truth.simulation.episodes
    hard, n_checked = world.hard, 0
    for module, skill, least in zip(hard.skilled_module, hard.skill, hard.min_mastery, strict=True):
        taken = episodes.module == module
        assert (episodes.level[taken, skill] >= least - 1e-6).all()
        n_checked += int(taken.sum())
    assert n_checked > 10


def test_only_active_fitting_modules_are_taken_and_none_after_it_is_done(full: Academy) -> None:
    truth = full.truth
    episodes = truth.simulation.episodes
    assert truth.crowd.may_take[episodes.learner, episodes.module].all()
    assert (episodes.begun_at >= truth.world.active_from[episodes.module]).all()
    assert (episodes.begun_at < truth.world.active_until[episodes.module]).all()
    pair = episodes.learner * len(truth.module_ids) + episodes.module
    finished = ~episodes.dropped & (episodes.success != 0)
    order = np.lexsort((episodes.begun_at, pair))
    same = pair[order][1:] == pair[order][:-1]
    assert not (finished[order][:-1] & same).any()


def test_episodes_of_a_learner_do_not_overlap(full: Academy) -> None:
    episodes = full.truth.simulation.episodes
    same = episodes.learner[1:] == episodes.learner[:-1]
    assert (episodes.begun_at[1:] > episodes.ended_at[:-1])[same].all()


def test_nothing_happens_before_hiring_or_after_now(full: Academy) -> None:
    rows = full.interactions
    hired_at = np.array([each.hired_at.timestamp() for each in full.learners if each.hired_at])
    assert (rows.at_seconds >= hired_at[rows.learner]).all()
    assert rows.at_seconds.max() <= full.now.timestamp()
    assert rows.at_seconds.min() > full.now.timestamp() - 547 * DAY
    assert (np.diff(rows.at_seconds) >= 0).all()
    assert all(each.at <= full.now for each in (*full.evidence, *full.outcomes))


def test_every_kind_of_event_but_waivers_occurs(full: Academy) -> None:
    assert set(np.unique(full.interactions.event)) == {
        EVENT_CODES[event] for event in Event if event != Event.WAIVED
    }


def test_scores_agree_with_what_was_judged(full: Academy) -> None:
    rows, pass_mark = full.interactions, full.truth.world.pass_mark
    judged = rows_of(rows, Event.COMPLETED, Event.PASSED, Event.FAILED, Event.SCORED)
    scored = judged & ~np.isnan(rows.score)
    assert ((rows.score[scored] >= 0) & (rows.score[scored] <= 1)).all()
    reached = rows.score >= pass_mark[rows.module]
    assert reached[scored & rows_of(rows, Event.PASSED)].all()
    assert not reached[scored & rows_of(rows, Event.FAILED)].any()
    stated = scored & (rows.success >= 0)
    assert (reached[stated] == (rows.success[stated] == 1)).all()


def test_questions_are_answered_with_success_alone(full: Academy) -> None:
    rows = full.interactions
    answered = rows_of(rows, Event.ANSWERED)
    assert answered.sum() > 100
    assert (rows.module[answered] >= full.truth.world.n_content).all()
    assert (rows.module[~answered] < full.truth.world.n_content).all()
    assert (rows.success[answered] >= 0).all()
    assert np.isnan(rows.score[answered]).all()


def test_attempts_count_upwards_and_some_are_repeated(full: Academy) -> None:
    episodes = full.truth.simulation.episodes
    pair = episodes.learner * len(full.truth.module_ids) + episodes.module
    order = np.lexsort((episodes.begun_at, pair))
    same = np.diff(pair[order]) == 0
    assert (np.diff(episodes.attempt[order])[same] == 1).all()
    assert (episodes.attempt[order][1:][~same] == 1).all()
    assert same.sum() > 100


def test_event_ids_are_unique_and_given_for_a_part_of_the_rows(full: Academy) -> None:
    given = full.interactions.event_id[full.interactions.event_id != ""]
    assert len(np.unique(given)) == len(given)
    assert 0.5 < len(given) / len(full.interactions) < 0.7


def test_rows_without_an_event_id_differ_in_what_ids_are_derived_from(full: Academy) -> None:
    rows = full.interactions
    keys = zip(
        rows.learner.tolist(),
        rows.module.tolist(),
        rows.event.tolist(),
        rows.at_seconds.tolist(),
        rows.attempt.tolist(),
        strict=True,
    )
    assert len(set(keys)) == len(rows)
