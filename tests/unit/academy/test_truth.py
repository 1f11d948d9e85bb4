from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.domain.errors import InvalidValueError, NotFoundError
from training.academy import Academy, generate_academy
from training.academy.company import Company
from training.academy.people import Staff, Standing
from training.academy.portraits import find_portraits


def judged(academy: Academy) -> tuple[np.ndarray, np.ndarray]:
    episodes = academy.truth.simulation.episodes
    rows = episodes.success >= 0
    return episodes.p_success[rows], episodes.success[rows]


def test_success_is_as_frequent_as_its_true_probability(full: Academy) -> None:
    p_success, success = judged(full)
    for low in (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        inside = (p_success >= low) & (p_success < low + 0.1)
        tolerance = 3.5 * np.sqrt(0.25 / inside.sum())
        assert inside.sum() > 50
        assert success[inside].mean() == pytest.approx(p_success[inside].mean(), abs=tolerance)


def test_three_in_four_succeed_where_the_level_meets_the_difficulty(full: Academy) -> None:
    episodes, truth = full.truth.simulation.episodes, full.truth
    level = (episodes.level * truth.world.truth.modules_by_skills[episodes.module]).sum(axis=1)
    near = np.abs(level - truth.difficulty[episodes.module]) < 0.03
    near &= episodes.success >= 0
    tolerance = 3.5 * np.sqrt(0.75 * 0.25 / near.sum())
    assert near.sum() > 300
    assert episodes.success[near].mean() == pytest.approx(0.75, abs=tolerance)


def test_recorded_probabilities_follow_from_recorded_levels(full: Academy) -> None:
    episodes, truth = full.truth.simulation.episodes, full.truth
    level = (episodes.level * truth.world.truth.modules_by_skills[episodes.module]).sum(axis=1)
    p_success = truth.model.p_success(level, truth.difficulty[episodes.module])
    assert episodes.p_success == pytest.approx(p_success, abs=1e-5)


def test_arrays_have_the_shapes_and_ranges_they_state(full: Academy) -> None:
    truth = full.truth
    n_learners, n_modules, n_skills = 400, len(truth.module_ids), len(truth.skill_ids)
    assert truth.level.shape == (n_learners, n_skills)
    assert truth.difficulty.shape == (n_modules,)
    assert truth.gain.shape == (n_modules, n_skills)
    assert truth.p_success().shape == (n_learners, n_modules)
    assert truth.learner_ids.ids == tuple(each.learner_id for each in full.learners)
    assert truth.module_ids.ids == tuple(each.module_id for each in full.catalogue.modules)
    for values in (truth.level, truth.difficulty, truth.p_success()):
        assert values.min() >= 0.0
        assert values.max() <= 1.0
    assert (truth.simulation.state.peak >= truth.level - 1e-12).all()
    assert truth.world.truth.modules_by_skills.sum(axis=1) == pytest.approx(1.0)


def test_authored_difficulties_are_near_the_true_ones_but_not_the_same(full: Academy) -> None:
    pairs = [
        (module.difficulty, true)
        for module, true in zip(full.catalogue.modules, full.truth.difficulty, strict=True)
        if module.difficulty is not None
    ]
    stated, true = np.array(pairs).T
    assert np.std(stated - true) == pytest.approx(0.05, abs=0.01)


def test_modules_teach_as_much_as_their_gain_says(full: Academy) -> None:
    """The rise between two episodes is the gain, reduced by match and, for others, forgetting."""
    episodes, truth = full.truth.simulation.episodes, full.truth
    ends = np.flatnonzero(
        (episodes.learner[1:] == episodes.learner[:-1])
        & (episodes.begun_at[1:] - episodes.begun_at[:-1] < 7 * 86_400)
        & ~episodes.dropped[:-1]
    )
    module = episodes.module[ends]
    skill = truth.gain[module].argmax(axis=1)
    rise = episodes.level[ends + 1, skill] - episodes.level[ends, skill]
    expected = truth.gain[module, skill] * truth.model.match(episodes.p_success[ends])
    assert np.corrcoef(rise, expected)[0, 1] > 0.85
    useless = expected == 0.0
    assert useless.sum() > 20
    assert rise[useless].max() <= 1e-6


def test_some_modules_teach_nothing_and_some_of_those_are_liked(full: Academy) -> None:
    world = full.truth.world
    useless = full.truth.gain[: world.n_content].sum(axis=1) == 0
    assert 0.05 < useless.mean() < 0.2
    assert world.truth.appeal[: world.n_content][useless].max() > 0.5


def test_what_follows_what_is_there_to_be_learned(full: Academy) -> None:
    """The module that should follow does so far more often than its popularity explains."""
    episodes, world = full.truth.simulation.episodes, full.truth.world
    content = episodes.module < world.n_content
    learner, module = episodes.learner[content], episodes.module[content]
    pairs = learner[1:] == learner[:-1]
    before, after = module[:-1][pairs], module[1:][pairs]
    strong = np.argwhere(world.sequence >= 1.0)
    follows = {(int(row), int(column)) for row, column in strong}
    share = np.mean([pair in follows for pair in zip(before, after, strict=True)])
    shuffled = np.random.default_rng(0).permutation(after)
    chance = np.mean([pair in follows for pair in zip(before, shuffled, strict=True)])
    assert share > 4 * chance


def test_tastes_differ_between_learners(full: Academy) -> None:
    """Learners take more of the formats they like than others do."""
    episodes, truth = full.truth.simulation.episodes, full.truth
    content = episodes.module < truth.world.n_content
    liking = truth.crowd.format_liking[
        episodes.learner[content], truth.world.format[episodes.module[content]]
    ]
    strangers = np.random.default_rng(0).permutation(episodes.learner[content])
    others = truth.crowd.format_liking[strangers, truth.world.format[episodes.module[content]]]
    assert liking.mean() > others.mean() + 0.1


def test_activity_differs_between_learners(full: Academy) -> None:
    counts = np.bincount(full.truth.simulation.episodes.learner, minlength=400)
    assert np.percentile(counts, 90) > 3 * np.percentile(counts, 10)


def test_tests_judge_skills_best_and_people_themselves_worst(full: Academy) -> None:
    truth = full.truth
    seconds = truth.simulation.checkpoint_seconds
    errors: dict[str, list[float]] = {}
    for each in full.evidence:
        checkpoint = int(np.searchsorted(seconds, each.at.timestamp()))
        true = truth.simulation.checkpoint_level[
            checkpoint,
            truth.learner_ids.index_of[each.learner_id],
            truth.skill_ids.index_of[each.skill_id],
        ]
        errors.setdefault(each.source, []).append(each.level - true)
    spread = {source: float(np.std(values)) for source, values in errors.items()}
    assert spread.keys() == {"assessment", "manager", "peer", "self"}
    assert spread["assessment"] < spread["manager"] < spread["peer"] < spread["self"]
    assert np.mean(errors["self"]) > 0.05
    assert all(0.0 <= each.level <= 1.0 for each in full.evidence)


def test_results_at_work_go_loosely_with_mastery(full: Academy) -> None:
    truth = full.truth
    reached = np.minimum(truth.level / np.maximum(truth.crowd.target, 0.05), 1.2)
    mastery = (reached * truth.crowd.weight).sum(axis=1) / truth.crowd.weight.sum(axis=1)
    for metric, low, high in (("productivity", 0.2, 0.8), ("errors", -0.8, -0.1)):
        last = {each.learner_id: each.value for each in full.outcomes if each.metric == metric}
        rows = truth.learner_ids.positions(last)
        r = np.corrcoef(mastery[rows], list(last.values()))[0, 1]
        assert low < r < high


def test_portraits_are_what_they_are_called(full: Academy, small: Academy) -> None:
    for academy in (full, small):
        truth, portraits = academy.truth, academy.portraits
        episodes, state = truth.simulation.episodes, truth.simulation.state
        rows = truth.learner_ids.positions(
            (portraits.new_hire, portraits.mid_journey, portraits.lapsed_expert)
        )
        new_hire, mid_journey, expert = (academy.learners[row] for row in rows)
        assert new_hire.hired_at is not None
        assert new_hire.hired_at > academy.now - timedelta(days=10)
        assert rows[0] not in episodes.learner
        assert new_hire.role_id is not None

        pathway = truth.crowd.pathway[rows[1]]
        steps = truth.world.pathways[pathway].modules
        n_done = sum(bool(state.done[rows[1], modules].any()) for modules in steps)
        assert 0 < n_done < len(steps)
        assert mid_journey.role_id is not None
        last = episodes.ended_at[episodes.learner == rows[1]].max()
        assert last > academy.now.timestamp() - 45 * 86_400

        last = episodes.ended_at[episodes.learner == rows[2]].max()
        assert last < academy.now.timestamp() - 200 * 86_400
        target = truth.crowd.target[rows[2]]
        sunk = (state.peak[rows[2]] >= target) & (truth.level[rows[2]] < target) & (target > 0.3)
        assert sunk.any(), expert


def test_a_missing_portrait_is_refused_by_name(small: Academy) -> None:
    nobody_new = Staff(
        learners=small.learners,
        standing=np.full(len(small.learners), Standing.ESTABLISHED, dtype=np.int8),
    )
    company = Company(
        catalogue=small.catalogue,
        staff=nobody_new,
        assignments=small.assignments,
        now=small.now,
    )
    truth = small.truth
    with pytest.raises(NotFoundError, match="a new hire: ask for more learners"):
        find_portraits(company, truth.world, truth.crowd, truth.simulation)


def test_too_few_learners_are_refused(now: datetime) -> None:
    with pytest.raises(InvalidValueError, match="n_learners is 99: it must be 100 or more"):
        generate_academy(n_learners=99, seed=0, now=now)


def test_an_instant_without_zone_is_refused(now: datetime) -> None:
    with pytest.raises(InvalidValueError, match="now has no time zone"):
        generate_academy(seed=0, now=now.replace(tzinfo=None))


def test_now_is_kept_in_utc_to_the_second(now: datetime, small: Academy) -> None:
    east = now.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:00").tzinfo)
    academy = generate_academy(
        n_learners=120, seed=1, now=east.replace(microsecond=999), size="small"
    )
    assert academy.now == now
    assert academy.now.tzinfo is UTC
    assert academy.learners == small.learners
