"""The benchmark of replays against the simulator's truth, in the small."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    return import_module("off_policy_truth")


def test_logs_are_drawn_from_what_was_recorded_and_told_beside_the_truth(benchmark, capsys):
    recorded = benchmark.record(n_learners=8, n_weeks=4, seed=0)
    answers = benchmark.answers_under(recorded, benchmark.PAIRS["near"])
    assert answers.logging.sum(axis=1) == pytest.approx(1.0)
    assert answers.target.sum(axis=1) == pytest.approx(1.0)
    assert ((answers.worth >= 0.0) & (answers.worth <= 1.0)).all()

    log = benchmark.log_again(answers, np.random.default_rng(0))
    assert len(np.unique(log.learner)) == benchmark.COPIES * len(answers.rows_of)
    assert (log.propensity > 0.0).all()

    # So short a log is refused, and that is no success.
    found = benchmark.replay_all(answers, 1, np.random.default_rng(0))
    assert not benchmark.tell(found, answers.truth, 1)
    assert "NOT met" in capsys.readouterr().out
