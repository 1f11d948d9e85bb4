"""The draw: exact propensities, tiers first, diversity only where asked."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from academy import GREEDY, catalogue_of, module, rng, scorer_of
from hypothesis import given
from hypothesis import strategies as st

from features.decide.slate import draw_slate
from features.domain.catalogue import Policy


def index_of(n, **fields):
    return scorer_of(catalogue_of(*(module(f"m{k:02}", **fields) for k in range(n)))).index


def candidates(scores, tiers=None):
    scores = np.array(scores, dtype=float)
    tier = np.ones(len(scores)) if tiers is None else np.array(tiers)
    return np.arange(len(scores)), tier.astype(np.int8), scores


def test_without_exploration_the_best_come_first_with_certainty():
    slate = draw_slate(index_of(3), candidates([0.2, 0.9, 0.5]), 3, GREEDY, rng())
    assert [place.row for place in slate.places] == [1, 2, 0]
    assert [place.propensity for place in slate.places] == [1.0, 1.0, 1.0]


def test_equal_scores_are_ordered_by_row():
    slate = draw_slate(index_of(3), candidates([0.5, 0.5, 0.5]), 3, GREEDY, rng())
    assert [place.row for place in slate.places] == [0, 1, 2]


def test_the_propensity_is_the_softmax_over_what_is_left():
    policy = replace(GREEDY, exploration=0.1)
    slate = draw_slate(index_of(2), candidates([0.3, 0.4]), 2, policy, rng())
    p_best = 1 / (1 + np.exp(-1))
    first = slate.places[0]
    assert first.propensity == pytest.approx(p_best if first.row == 1 else 1 - p_best)
    assert slate.places[1].propensity == pytest.approx(1.0)
    assert slate.p_first.tolist() == pytest.approx([p_best, 1 - p_best])


def test_draws_follow_their_propensities():
    policy = replace(GREEDY, exploration=0.2)
    source = np.random.default_rng(7)
    index, offered = index_of(3), candidates([0.5, 0.4, 0.1])
    drawn = [draw_slate(index, offered, 1, policy, source).places[0] for _ in range(4000)]
    counts = Counter(place.row for place in drawn)
    for place in {place.row: place for place in drawn}.values():
        assert counts[place.row] / 4000 == pytest.approx(place.propensity, abs=0.03)


def test_tier_zero_leads_and_is_never_drawn_by_chance():
    policy = replace(GREEDY, exploration=1.0)
    slate = draw_slate(
        index_of(4), candidates([0.9, 0.1, 0.2, 0.8], [1, 0, 0, 1]), 2, policy, rng()
    )
    assert [(p.row, p.propensity) for p in slate.places] == [(2, 1.0), (1, 1.0)]
    assert slate.p_first[0] == 1.0


def test_only_the_best_twenty_can_be_drawn():
    policy = replace(GREEDY, exploration=1.0)
    index, offered = index_of(30), candidates(np.linspace(1, 0, 30))
    source = np.random.default_rng(3)
    drawn = {draw_slate(index, offered, 1, policy, source).places[0].row for _ in range(500)}
    assert max(drawn) < 20


def test_diversity_puts_another_format_second_where_scores_are_close():
    modules = [module("m0", "a", format="video"), module("m1", "a", format="video")]
    modules += [module("m2", "b", format="article"), module("m3", "b", format="article")]
    index = scorer_of(catalogue_of(*modules)).index
    scores = [0.50, 0.49, 0.48, 0.40]
    varied = draw_slate(index, candidates(scores), 2, Policy(exploration=0, diversity=0.5), rng())
    plain = draw_slate(index, candidates(scores), 2, GREEDY, rng())
    assert [place.row for place in varied.places] == [0, 2]
    assert [place.row for place in plain.places] == [0, 1]


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    limit=st.integers(1, 40),
    exploration=st.floats(0, 1),
    diversity=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_slate_has_no_repeats_and_lawful_propensities(
    scores, limit, exploration, diversity, seed
):
    policy = replace(GREEDY, exploration=exploration, diversity=diversity)
    source = np.random.default_rng(seed)
    index = index_of(len(scores), skill="s", format="video")
    slate = draw_slate(index, candidates(scores), limit, policy, source)
    rows = [place.row for place in slate.places]
    assert len(rows) == len(set(rows)) == min(limit, len(scores))
    assert all(0 < place.propensity <= 1 + 1e-12 for place in slate.places)
    assert slate.p_first.sum() == pytest.approx(1.0)
