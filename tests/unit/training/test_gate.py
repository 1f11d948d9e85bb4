"""The gate lets through what is no worse, and names what is."""

from dataclasses import replace

import numpy as np
import pytest

from training.champion import name_of, stand_beside, without_champions
from training.gate import CHAMPION, HeldOutResults
from training.gate import judge as judge_results

N = 600


def results(own: float, baseline: float = 0.2, seed: int = 0, **fields) -> HeldOutResults:
    """Noisy scores around the given means; learners come in the same order every time."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (2, N))
    defaults = {
        "learner_ids": np.array([f"u{k}" for k in range(N)]),
        "asked": np.arange(N, dtype=np.uint64),
        "ndcg_at_10": {"blend": own + noise[0], "popularity": baseline + noise[1]},
        "log_loss": {},
        "ece": {},
        "n_attempts": 10**9,
        "slices": {},
        "chosen_ranking": "blend",
        "chosen_success": None,
    }
    return HeldOutResults(**(defaults | fields))


def judge(candidate: HeldOutResults, champion: HeldOutResults | None):
    """Judge against baselines, and against what a champion did at its own training."""
    if champion is None:
        return judge_results(without_champions(candidate))
    results, beside = stand_beside(candidate, "1", champion)
    assert not beside
    return judge_results(results)


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
        asked=champion.asked[:250],
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


def test_slices_against_easy_baselines_do_not_hide_harm_against_the_champion():
    rng = np.random.default_rng(3)
    group = np.array(["north"] * 300 + ["south"] * 300)
    champion = results(0.4)
    own = replace(results(0.4), slices={"location": group})
    noise = rng.normal(0, 0.05, N)
    own.ndcg_at_10["blend"][:] = champion.ndcg_at_10["blend"] + noise - noise.mean()
    own.ndcg_at_10["blend"][:300] -= 0.01
    own.ndcg_at_10["blend"][300:] += 0.02
    alone = failed(judge(own, champion))
    assert alone == [("ndcg_at_10", "champion", "location = north")]
    easy = {f"easy {k}": own.ndcg_at_10["blend"] - 0.2 for k in range(50)}
    crowded = replace(own, ndcg_at_10=own.ndcg_at_10 | easy)
    assert failed(judge(crowded, champion)) == alone


SUCCESS = {
    "log_loss": {"logistic": np.full(N, 0.5), "item_mean": np.full(N, 0.6)},
    "chosen_success": "logistic",
}


def test_calibration_worse_than_the_champions_by_more_than_the_margin_is_refused():
    champion = results(0.3, ece={"logistic": 0.01, "item_mean": 0.015}, **SUCCESS)
    close = results(0.3, ece={"logistic": 0.0199, "item_mean": 0.015}, **SUCCESS)
    far = results(0.3, ece={"logistic": 0.0201, "item_mean": 0.015}, **SUCCESS)
    assert failed(judge(close, champion)) == []
    assert failed(judge(far, champion)) == [("ece", "champion", "all attempts")]


def test_a_champion_as_badly_calibrated_does_not_excuse_from_the_baselines():
    champion = results(0.3, ece={"logistic": 0.1, "item_mean": 0.01}, **SUCCESS)
    assert failed(judge(champion, champion)) == [("ece", "item_mean", "all attempts")]


def test_a_model_that_is_worse_for_everyone_by_the_same_amount_is_refused():
    same = {"blend": np.full(N, 0.1), "popularity": np.full(N, 0.2)}
    assert failed(judge(results(0.0, ndcg_at_10=same), None)) != []


def test_differences_of_rounding_are_no_differences():
    own = results(0.3)
    own.ndcg_at_10["popularity"] = own.ndcg_at_10["blend"] * (1 + 1e-14)
    (check,) = judge(own, None)
    assert check.passed
    assert check.p_worse == 1.0


def test_with_few_attempts_the_calibration_error_may_stray_by_chance():
    errors = {"ece": {"logistic": 0.04, "item_mean": 0.0}, **SUCCESS}
    assert failed(judge(results(0.3, n_attempts=1000, **errors), None)) == []
    assert failed(judge(results(0.3, n_attempts=100_000, **errors), None)) != []


def test_the_smaller_number_of_attempts_says_how_far_a_stored_error_may_stray():
    champion = results(0.3, ece={"logistic": 0.0}, n_attempts=1000, **SUCCESS)
    own = results(0.3, ece={"logistic": 0.04}, n_attempts=100_000, **SUCCESS)
    assert failed(judge(own, champion)) == []


def test_a_champion_that_shares_no_held_out_learner_was_not_compared_and_refuses():
    stranger = replace(results(0.1), learner_ids=np.array([f"v{k}" for k in range(N)]))
    assert failed(judge(results(0.3), stranger)) == [("ndcg_at_10", "champion", "all learners")]


def test_learners_whose_history_went_on_were_asked_something_else():
    champion = results(0.1)
    went_on = replace(champion, asked=champion.asked + np.uint64(N))
    (check,) = [c for c in judge(results(0.3), went_on) if c.rival == CHAMPION]
    assert check.n_learners == 0
    assert not check.passed


@pytest.mark.parametrize(("n_shared", "passes"), [(199, False), (200, True)])
def test_two_hundred_learners_in_common_are_enough_to_have_compared(n_shared, passes):
    champion = results(0.3)
    champion.asked[n_shared:] += np.uint64(N)
    (check,) = [c for c in judge(results(0.3), champion) if c.rival == CHAMPION]
    assert (check.n_learners, check.passed) == (n_shared, passes)


def test_half_of_few_learners_in_common_is_enough_to_have_compared():
    def first(n: int) -> HeldOutResults:
        whole = results(0.3)
        kept = {name: values[:n] for name, values in whole.ndcg_at_10.items()}
        ids, asked = whole.learner_ids[:n], whole.asked[:n]
        return replace(whole, learner_ids=ids, asked=asked, ndcg_at_10=kept)

    assert failed(judge(first(20), first(10))) == []
    assert failed(judge(first(20), first(9))) == [("ndcg_at_10", "champion", "all learners")]


def test_a_champion_whose_results_are_lost_was_not_compared_and_refuses():
    judged, beside = stand_beside(results(0.3), "1", None)
    assert not beside
    assert failed(judge_results(judged)) == [("ndcg_at_10", "champion", "all learners")]


def test_a_champion_judged_beside_counts_and_a_former_one_does_not():
    own = results(0.3)
    now, former = own.ndcg_at_10["blend"] + 0.1, own.ndcg_at_10["blend"] + 0.2
    own = replace(own, ndcg_at_10=own.ndcg_at_10 | {name_of("2"): now, name_of("1"): former})
    judged, beside = stand_beside(own, "2", results(0.0))
    assert beside
    assert failed(judge_results(judged)) == [("ndcg_at_10", "champion", "all learners")]
    assert [c.rival for c in judge_results(without_champions(own))] == ["popularity"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_candidate_without_a_finite_value_where_a_rival_has_one_is_refused(value):
    losses = {"logistic": np.full(N, 0.5), "item_mean": np.full(N, 0.6)}
    losses["logistic"][7] = value
    checks = judge(results(0.3, log_loss=losses, chosen_success="logistic"), None)
    assert failed(checks) == [("log_loss", "item_mean", "all learners")]
    assert [check.n_unanswered for check in checks if not check.passed] == [1]


def test_a_rival_without_a_value_is_no_fault_of_the_candidate():
    losses = {"logistic": np.full(N, 0.5), "item_mean": np.full(N, np.inf)}
    checks = judge(results(0.3, log_loss=losses, chosen_success="logistic"), None)
    assert failed(checks) == []


def test_without_an_error_of_its_own_calibration_is_not_judged():
    errors = {"ece": {"logistic": np.nan, "item_mean": 0.0}, **SUCCESS}
    assert [c for c in judge(results(0.3, **errors), None) if c.measure == "ece"] == []
