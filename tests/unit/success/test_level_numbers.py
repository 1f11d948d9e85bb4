from dataclasses import replace

import numpy as np
import pytest
from level_scales import DAY, T0, make_scale

from features.encode.ability import LOGIT_OF_MASTERY, sigmoid
from features.encode.attempts import tabulate
from features.encode.gains import match
from features.encode.level_scale import LevelScale
from features.encode.levels import read_signs
from training.success.level_numbers import ASSUMED, choose_numbers, first_tries, shown_before
from training.success.usual import no_roles

DIFFICULTY = np.tile(np.linspace(0.15, 0.85, 8), 3)  # of eight modules in each of three skills
N_LEARNERS = 300


def scale_of(gain: float = 0.0) -> LevelScale:
    return make_scale(DIFFICULTY, np.full(len(DIFFICULTY), gain), n_skills=3)


@pytest.fixture
def index(make_index):
    return make_index([(i // 8,) for i in range(24)], n_skills=3, difficulty=DIFFICULTY)


@pytest.fixture
def answers(make_log):
    """Return a log of learners whose levels in single skills are spread by so many logits."""

    def make(spread: float, at=lambda step: T0 + step * DAY):
        rng = np.random.default_rng(3)
        lead = rng.normal(0.0, 0.8, (N_LEARNERS, 1))
        base = 6.0 * (0.4 - 0.5) + lead + rng.normal(0.0, spread, (N_LEARNERS, 3))
        rows = []
        for learner in range(N_LEARNERS):
            for step, module in enumerate(rng.permutation(24)[:18].tolist()):
                ease = base[learner, module // 8] - 6.0 * (DIFFICULTY[module] - 0.5)
                success = int(rng.random() < sigmoid(np.array(ease + LOGIT_OF_MASTERY)))
                rows.append((learner, module, "answered", at(step), success))
        return make_log(rows, n_learners=N_LEARNERS, n_modules=24)

    return make


def test_the_spread_of_single_skills_and_the_slope_are_found(answers, index) -> None:
    roles = no_roles(N_LEARNERS, 3)
    narrow, wide = (
        choose_numbers(tabulate(answers(spread), index), scale_of(), roles, has_slope=True)
        for spread in (0.2, 1.3)
    )
    assert narrow.skill_variance.max() <= 0.3
    assert wide.skill_variance.min() >= 1.0
    assert narrow.logits_per_level == wide.logits_per_level == 6.0
    assert 0.25 <= narrow.lead_variance <= 1.0


def test_one_try_in_each_skill_tells_how_learners_differ(make_log, index) -> None:
    rng = np.random.default_rng(4)
    lead = rng.normal(0.0, 1.0, N_LEARNERS)
    roles = no_roles(N_LEARNERS, 3)
    found = []
    for spread in (0.3, 1.4):
        ease = 6.0 * (0.4 - DIFFICULTY[3]) + LOGIT_OF_MASTERY + spread * lead
        rows = [
            (learner, 8 * skill + 3, "answered", T0 + skill * DAY, int(rng.random() < p))
            for learner, p in enumerate(sigmoid(ease).tolist())
            for skill in range(3)
        ]
        table = tabulate(make_log(rows, n_learners=N_LEARNERS, n_modules=24), index)
        found.append(choose_numbers(table, scale_of(), roles, has_slope=False).lead_variance)
    assert found[0] <= 0.25
    assert found[1] >= 1.0


def test_what_was_shown_before_is_of_strictly_earlier_instants(make_log, index) -> None:
    rng = np.random.default_rng(6)
    rows = [
        (learner, int(rng.integers(24)), "answered", T0 + DAY * int(rng.integers(4)), int(win))
        for learner in range(5)
        for win in rng.random(12) < 0.5
    ]
    table = tabulate(make_log(rows, n_learners=5, n_modules=24), index)
    signs = read_signs(table, scale_of(0.1), no_roles(5, 3).of_learner)
    at = table.at_seconds[table.tag_row]
    earlier = (signs.group[:, None] == signs.group) & (at < at[:, None])
    np.testing.assert_allclose(
        shown_before(table, signs), earlier @ signs.scores, rtol=0, atol=1e-12
    )


def test_nothing_fades_where_instants_are_an_order(answers, index) -> None:
    table = tabulate(answers(0.5, at=float), index)
    chosen = choose_numbers(table, scale_of(), no_roles(N_LEARNERS, 3), has_slope=False)
    assert chosen.half_life_seconds == np.inf
    assert chosen.logits_per_level == 6.0


def test_what_is_assumed_stays_where_nothing_is_foretold(make_log, index) -> None:
    table = tabulate(make_log([(0, 0, "completed", T0, -1)], n_modules=24), index)
    assert not first_tries(table).any()
    odd = replace(scale_of(gain=0.3), logits_per_level=2.0, half_life_seconds=DAY)
    chosen = choose_numbers(table, odd, no_roles(1, 3), has_slope=True)
    assert chosen.logits_per_level == ASSUMED["logits_per_level"].value
    assert chosen.half_life_seconds == ASSUMED["half_life_days"].value * DAY
    np.testing.assert_allclose(chosen.gain, ASSUMED["gain"].value)


def test_only_first_tries_are_foretold(make_log, index) -> None:
    rows = [(0, 0, "passed", T0, 1), (0, 1, "failed", T0 + 1, 0), (0, 1, "passed", T0 + 2, 1)]
    table = tabulate(make_log(rows, n_modules=24), index)
    assert first_tries(table).tolist() == [True, True, False]


@pytest.mark.parametrize("learned_at", [0.35, 0.8])
def test_where_learners_learn_most_is_found(learned_at, make_log, index) -> None:
    truth = replace(scale_of(gain=0.25), learned_at=learned_at)
    rng = np.random.default_rng(5)
    rows = []
    for learner in range(N_LEARNERS):
        level = 0.4 + rng.normal(0.0, 0.13) + rng.normal(0.0, 0.12, 3)
        for step, module in enumerate(rng.permutation(24)[:18].tolist()):
            skill, hard = module // 8, DIFFICULTY[module]
            ease = 6.0 * (level[skill] - hard) + LOGIT_OF_MASTERY
            success = int(rng.random() < sigmoid(np.array(ease)))
            share = float(match(level[skill], np.array(hard), truth))
            level[skill] += (1.0 - level[skill]) * 0.25 * share
            rows.append((learner, module, "answered", T0 + step * DAY, success))
            rows.append((learner, module, "completed", T0 + step * DAY + 1.0, -1))
    table = tabulate(make_log(rows, n_learners=N_LEARNERS, n_modules=24), index)
    chosen = choose_numbers(table, scale_of(0.1), no_roles(N_LEARNERS, 3), has_slope=False)
    assert abs(chosen.learned_at - learned_at) < 0.2
    assert chosen.gain.mean() == pytest.approx(0.25, abs=0.11)
