"""Both rankers get the same chance, and the better one is found."""

import numpy as np
import pytest
from scipy import stats

from features.domain.errors import CannotTellError
from training.experiments.interleaving import Team, preference, team_draft


def test_each_turn_takes_the_rankers_best_and_teams_stay_even():
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = team_draft(["a", "b", "c", "d"], ["b", "e", "a", "f"], 4, rng)
        assert len(set(drawn.modules)) == 4
        assert sum(team is Team.FIRST for team in drawn.teams) == 2
        assert drawn.modules[0] == ("a" if drawn.teams[0] is Team.FIRST else "b")


def test_the_first_turn_is_a_fair_coin():
    rng = np.random.default_rng(1)
    firsts = sum(team_draft(["a"], ["b"], 1, rng).teams[0] is Team.FIRST for _ in range(400))
    assert stats.binomtest(firsts, 400).pvalue > 0.001


def test_a_ranking_that_ends_gives_its_turns_away():
    drawn = team_draft(["a"], ["a", "b", "c"], 5, np.random.default_rng(0))
    assert sorted(drawn.modules) == ["a", "b", "c"]
    assert team_draft([], [], 5, np.random.default_rng(0)).modules == ()


def test_a_learner_has_one_vote():
    learner = np.array([1, 1, 1, 2, 3, 3, 4])
    team = np.array([1, 1, 0, 1, 0, 1, 0])
    found = preference(learner, team)
    assert (found.n_first, found.n_second, found.n_ties) == (1, 2, 1)
    assert found.delta == pytest.approx(0.125)
    assert found.p_value == pytest.approx(1.0)


def test_sign_test_is_exact():
    """Nine of ten: p = 2·11/1024."""
    found = preference(np.arange(10), np.array([1] * 9 + [0]))
    assert found.p_value == pytest.approx(22 / 1024)
    assert found.low < 0.9 < found.high


def test_only_ties_cannot_tell():
    with pytest.raises(CannotTellError):
        preference(np.array([1, 1]), np.array([0, 1]))
