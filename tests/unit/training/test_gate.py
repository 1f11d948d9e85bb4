"""The gate lets through what is no worse, and names what is."""

from dataclasses import replace

import numpy as np
import pytest

from training.gate import HeldOutResults, judge

N = 600


def results(own: float, baseline: float = 0.2, seed: int = 0, **fields) -> HeldOutResults:
    """Noisy scores around the given means; learners come in the same order every time."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (2, N))
    defaults = {
        "learner_ids": np.array([f"u{k}" for k in range(N)]),
        "ndcg_at_10": {"blend": own + noise[0], "popularity": baseline + noise[1]},
        "log_loss": {},
        "ece": {},
        "n_attempts": 10**9,
        "slices": {},
        "chosen_ranking": "blend",
        "chosen_success": None,
    }
    return HeldOutResults(**(defaults | fields))


def failed(checks):
    return [(check.measure, check.rival, check.where) for check in checks if not check.passed]


def test_a_better_snapshot_passes_without_a_champion():
    assert failed(judge(results(0.3), None)) == []


def test_a_snapshot_under_a_baseline_is_refused_and_the_baseline_named():
    assert failed(judge(results(0.1), None)) == [("ndcg_at_10", "popularity", "all learners")]


def test_a_snapshot_under_the_champion_is_refused():
    checks = judge(results(0.25, seed=1), results(0.35, seed=2))
    assert failed(checks) == [("ndcg_at_10", "champion", "all learners")]


def test_an_equal_snapshot_passes():
    assert failed(judge(results(0.3), results(0.3))) == []


def test_only_learners_both_were_judged_on_count_against_the_champion():
    champion = results(0.9)
    half = replace(
        champion,
        learner_ids=champion.learner_ids[:250],
        ndcg_at_10={"blend": champion.ndcg_at_10["blend"][:250]},
    )
    (check,) = [c for c in judge(results(0.3), half) if c.rival == "champion"]
    assert check.n_learners == 250


def test_a_chosen_baseline_is_not_compared_with_itself():
    checks = judge(results(0.1, chosen_ranking="popularity"), None)
    assert [check.rival for check in checks] == ["blend"]


def test_a_slice_of_two_hundred_that_got_worse_refuses_what_is_better_overall():
    group = np.array(["north"] * 200 + ["south"] * 400)
    own = results(0.4)
    own = replace(own, slices={"location": group})
    own.ndcg_at_10["blend"][:200] -= 0.4
    assert ("ndcg_at_10", "popularity", "location = north") in failed(judge(own, None))


def test_a_slice_under_two_hundred_is_not_judged():
    own = replace(results(0.4), slices={"location": np.array(["north"] * 199 + [""] * 401)})
    own.ndcg_at_10["blend"][:199] -= 0.4
    assert [check.where for check in judge(own, None)] == ["all learners"]


def test_holm_multiplies_the_smallest_p_by_the_number_of_slices():
    slices = {"a": np.array(["x"] * 300 + ["y"] * 300), "b": np.array(["z"] * N)}
    own = replace(results(0.21, baseline=0.215), slices=slices)
    checks = judge(own, None)
    raw = {
        where: judge(replace(own, slices={a: np.where(slices[a] == v, v, "")}), None)[1].p_worse
        for where, a, v in (("a = x", "a", "x"), ("a = y", "a", "y"), ("b = z", "b", "z"))
    }
    adjusted = {c.where: c.p_worse for c in checks if c.where != "all learners"}
    smallest = min(raw, key=raw.get)
    assert adjusted[smallest] == pytest.approx(min(1.0, 3 * raw[smallest]))
    assert all(adjusted[where] >= raw[where] for where in raw)


def test_calibration_worse_than_the_champions_by_more_than_the_margin_is_refused():
    success = {
        "log_loss": {"logistic": np.full(N, 0.5), "item_mean": np.full(N, 0.6)},
        "chosen_success": "logistic",
    }
    champion = results(0.3, ece={"logistic": 0.01, "item_mean": 0.0}, **success)
    close = results(0.3, ece={"logistic": 0.0199, "item_mean": 0.0}, **success)
    far = results(0.3, ece={"logistic": 0.0201, "item_mean": 0.0}, **success)
    assert failed(judge(close, champion)) == []
    assert failed(judge(far, champion)) == [("ece", "champion", "all attempts")]


def test_a_model_that_is_worse_for_everyone_by_the_same_amount_is_refused():
    same = {"blend": np.full(N, 0.1), "popularity": np.full(N, 0.2)}
    assert failed(judge(results(0.0, ndcg_at_10=same), None)) != []


def test_with_few_attempts_the_calibration_error_may_stray_by_chance():
    success = {
        "log_loss": {"logistic": np.full(N, 0.5), "item_mean": np.full(N, 0.6)},
        "chosen_success": "logistic",
        "ece": {"logistic": 0.04, "item_mean": 0.0},
    }
    assert failed(judge(results(0.3, n_attempts=1000, **success), None)) == []
    assert failed(judge(results(0.3, n_attempts=100_000, **success), None)) != []


def test_a_champion_that_shares_no_held_out_learner_was_not_compared_and_refuses():
    stranger = replace(results(0.1), learner_ids=np.array([f"v{k}" for k in range(N)]))
    assert failed(judge(results(0.3), stranger)) == [("ndcg_at_10", "champion", "all learners")]
