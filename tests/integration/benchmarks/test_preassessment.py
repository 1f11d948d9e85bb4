"""The pre-assessment benchmark's own side; catsim is not installed for it."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    return import_module("preassessment")


def test_everybody_is_asked_until_the_goal_and_the_truth_is_near(benchmark):
    found = benchmark.Trial.draw(200, 1, 30, seed=1).ask(0.0, 1.0)
    assert (found.standard_error <= benchmark.GOAL).all()
    # 21 questions of the greatest information and the prior give 6.25 logits⁻².
    assert found.n_asked.min() >= 21
    mean, *_, reached, bias, rmse, within = found.figures()
    assert mean == found.n_asked.mean()
    assert reached == 1.0
    assert abs(bias) < 0.25
    assert 0.2 < rmse < 0.6
    assert within > 0.8


def test_skills_that_go_together_are_known_after_fewer_questions(benchmark):
    together = benchmark.Trial.draw(100, 3, 10, seed=2)
    alone = benchmark.Trial.draw(100, 1, 10, seed=2)
    n_together, n_alone = (t.ask(0.0, 1.0).n_asked.mean() for t in (together, alone))
    assert n_together < 3 * n_alone


def test_a_bank_that_is_empty_ends_the_questions(benchmark):
    found = benchmark.Trial.draw(5, 1, 4, seed=3).ask(0.0, 1.0)
    assert found.n_asked.tolist() == [5.0] * 4
    assert not np.isclose(found.figures()[3], 1.0)
