"""The model card and the weaknesses it names, from a report whose weaknesses are known."""

import copy

import pytest

from training.card import SUMMARY_CHARACTERS, summarise_card, write_card
from training.evaluation.slices import slice_metrics
from training.provenance import Provenance
from training.weaknesses import find_weaknesses

RANKED = {
    "hr_at_1": 0.2,
    "hr_at_10": 0.5,
    "ndcg_at_10": 0.3,
    "ndcg_at_10_ci": [0.28, 0.32],
    "mrr": 0.25,
    "coverage_at_10": 0.5,
    "popularity_lift_at_10": 0.1,
}
SLICE = {
    "attribute": "gender",
    "value": "F",
    "pooled": [],
    "n_rows": 900,
    "n_learners": 900,
    "chosen": {
        "hr_at_10": 0.5,
        "hr_at_10_ci": [0.4, 0.6],
        "ndcg_at_10": 0.3,
        "ndcg_at_10_ci": [0.27, 0.33],
    },
    "baseline": {},
    "better_by": 0.1,
    "better_by_ci": [0.05, 0.15],
}
DOCUMENT = {
    "n_learners": 2000,
    "seed": 3,
    "chosen": {"ranking": "blend"},
    "ranking": {"blend": RANKED, "popularity": RANKED | {"ndcg_at_10": 0.1}},
    "comparisons": {
        "ranking": {
            "ndcg_at_10": {
                "popularity": {
                    "better_by": 0.2,
                    "better_by_ci": [0.1, 0.3],
                    "p_value": 1e-9,
                    "p_holm": 1e-9,
                    "n_learners": 2000,
                }
            }
        }
    },
    "slices": {
        "smallest": 200,
        "ranking": {
            "chosen": "blend",
            "baseline": "popularity",
            "rows": [SLICE],
            "too_small": [],
            "too_many_values": [],
        },
    },
    "cold": {"ranking": {"n_without_question": 0, "learners": {"n_rows": 0}, "modules": SLICE}},
    "fairness": {
        "n_learners": 300,
        "smallest": 50,
        "overall": {"n_learners": 300, "exposure": 0.8, "gap_closed": 0.4},
        "groups": [
            {
                "attribute": "location",
                "value": "south",
                "n_learners": 90,
                "exposure": 0.7,
                "gap_closed": 0.31,
                "behind_others_by": 0.12,
                "behind_others_by_ci": [-0.02, 0.26],
                "p_holm": 0.2,
            }
        ],
        "too_small": ["contract"],
    },
    "personas": {
        "reason": None,
        "n_learners": 2_000,
        "fewest_begun": 5,
        "behaviours": {"retries": {"is_habit": True}},
        "stability": 0.87,
        "silhouette": 0.31,
        "former": None,
        "personas": [
            {
                "persona_id": "p1",
                "name": "Tries again",
                "n_learners": 2_000,
                "share": 1.0,
                "statements": [
                    {
                        "text": "tries again after 71% of failures (all: 60%)",
                        "interval_text": "69% to 73%",
                        "is_clear": True,
                    }
                ],
            }
        ],
    },
}
PROVENANCE = Provenance(
    trained_at="2026-11-24T12:00:00+00:00",
    span="from January to June",
    n_rows={"interactions": 12_345, "learners": 2_500},
    tags={"data_hash": "abc", "git_revision": "f00+changes", "lock_hash": "123"},
    environment={"python": "3.13", "numpy": "2.5"},
    settings={"ranking": {"n_kept": 300}},
    learned={"half-life of evidence": "none"},
)


@pytest.fixture
def document():
    """Give a report of which only the cold modules are to be told."""
    return copy.deepcopy(DOCUMENT)


def test_a_model_without_weaknesses_only_tells_of_cold_start(document):
    (only,) = find_weaknesses(document)
    assert only.startswith("Cold start: on modules nobody had met in training (900 questions)")
    document["cold"]["ranking"]["modules"] = {"n_rows": 0}
    assert find_weaknesses(document) == []


@pytest.mark.parametrize(
    ("better_by", "words"),
    [
        (0.1, "better than the best baseline by 0.1000."),
        (-0.0047, "worse than the best baseline by 0.0047."),
        (0.0, "as with the best baseline."),
    ],
)
def test_cold_start_says_on_which_side_of_the_baseline_it_is(document, better_by, words):
    document["cold"]["ranking"]["modules"]["better_by"] = better_by
    (only,) = find_weaknesses(document)
    assert only.endswith(words)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(n_learners=40), "Judged on 40 learners only"),
        (
            lambda d: d["comparisons"]["ranking"]["ndcg_at_10"]["popularity"].update(p_holm=0.3),
            "NDCG@10 of blend is not clearly better than popularity (+0.2000, p = 0.300).",
        ),
        (
            lambda d: d["comparisons"]["ranking"]["ndcg_at_10"]["popularity"].update(
                better_by=-0.2
            ),
            "NDCG@10 of blend is worse than popularity (-0.2000, p = 0.000).",
        ),
        (
            lambda d: d["slices"]["ranking"]["rows"][0].update(better_by_ci=[-0.2, -0.1]),
            "NDCG@10 is worse than popularity for gender = F",
        ),
        (
            lambda d: d["slices"]["ranking"]["rows"][0]["chosen"].update(ndcg_at_10_ci=[0.1, 0.2]),
            "NDCG@10 is clearly worse than overall (0.300) for: gender = F 0.300.",
        ),
        (
            lambda d: d["cold"]["ranking"].update(n_without_question=7),
            "Held-out learners who met no new module: 7",
        ),
        (
            lambda d: d["ranking"]["blend"].update(coverage_at_10=0.05),
            "Only 5.0% of the modules are in anybody's first ten.",
        ),
        (
            lambda d: d["ranking"]["blend"].update(popularity_lift_at_10=0.8),
            "Recommended modules are 80% more popular",
        ),
    ],
)
def test_each_weakness_is_read_off_the_numbers(document, change, sentence):
    before = find_weaknesses(document)
    change(document)
    (told,) = [line for line in find_weaknesses(document) if line not in before]
    assert told.startswith(sentence)


def test_a_calibration_error_beyond_chance_is_a_weakness(document):
    document["chosen"]["success"] = "logistic"
    document["success"] = {"logistic": {"ece": 0.05, "ece_by_chance": 0.01, "log_loss": 0.5}}
    document["comparisons"]["success"] = {"log_loss": {}}
    document["cold"]["success"] = {}
    assert "p_success is off by 0.050" in find_weaknesses(document)[-1]


def test_the_card_says_what_from_what_how_good_for_whom_and_how_again(document):
    card = write_card(document, PROVENANCE)
    for part in (
        "12,345 interactions",
        "NDCG@10 0.3000 (0.2800 to 0.3200) on 2,000 held-out learners",
        "clearly better than 1 of 1 baselines",
        "| **blend** | 0.2000 | 0.5000 | 0.3000 (0.2800 to 0.3200) |",
        "| NDCG@10 | popularity | +0.2000 | +0.1000 to +0.3000 | < .0001 |",
        "| gender | F | 900 |",
        "| cold | modules | 900 |",
        "from January to June",
        "git checkout f00\n",
        "--seed 3",
        "n_kept 300",
        "Found again in resampled learners: 0.87",
        "**p1  Tries again: 2,000 learners (100%)**",
        "| tries again after 71% of failures (all: 60%) | 69% to 73% |",
        "half-life of evidence: none",
        "python 3.13, numpy 2.5",
    ):
        assert part in card


def test_a_long_card_is_cut_at_a_line_and_says_where_the_whole_is():
    long = "".join(f"line {k}\n" for k in range(2_000))
    summary = summarise_card(long)
    assert len(summary) < 5_000
    assert "model_card.md" in summary
    assert summary.startswith(long[: SUMMARY_CHARACTERS // 2])
    assert summarise_card("short\n") == "short\n"


def test_every_slice_becomes_metrics(document):
    metrics = slice_metrics(document)
    assert metrics["slices.ranking.gender.F"]["ndcg_at_10"] == 0.3
    assert metrics["slices.ranking.gender.F"]["better_by"] == 0.1


def test_a_group_of_whose_gaps_less_is_closed_is_told(document):
    (group,) = document["fairness"]["groups"]
    card = write_card(document, PROVENANCE)
    row = "| location | south | 90 | 0.7000 | 0.3100 | +0.1200 | -0.0200 to +0.2600 | 0.2000 |"
    assert row in card
    assert "No two groups of that size: contract." in card
    group["p_holm"] = 0.01
    told = [each for each in find_weaknesses(document) if each.startswith("Less of what is asked")]
    (sentence,) = told
    assert "location = south (0.310, 0.120 behind all others, 90 learners)" in sentence


def test_where_nothing_is_asked_no_gap_is_told(document):
    nothing = {"n_learners": 0, "smallest": 50, "overall": None, "groups": [], "too_small": []}
    document["fairness"] = nothing
    assert "ask for nothing: no gap could be closed" in write_card(document, PROVENANCE)
