"""What judgements are worth, found again where it was planted."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from features.encode.ability import LOGIT_OF_MASTERY, sigmoid
from features.encode.attempts import EvidenceLog, tabulate
from features.encode.level_scale import LevelScale
from features.encode.levels import read_levels
from features.encode.reliability import ASSUMED_DEVIATION, Reliability, assumed_reliability
from training.success.reliability import ReliabilityFit, fit_reliability, read_again
from training.success.usual import no_roles

T0, DAY = 1.7e9, 86_400.0
N_LEARNERS, N_TRIES, PER_LEVEL = 240, 15, 6.0
PLANTED = {"assessment": (0.0, 0.1), "manager": (-0.06, 0.06), "self": (0.15, 0.3)}


def scale_of(difficulty: np.ndarray, usual: float = 0.5) -> LevelScale:
    return LevelScale(
        difficulty=difficulty,
        gain=np.zeros(len(difficulty)),
        is_asked=np.zeros((1, 4), dtype=bool),
        usual=np.full((2, 4), usual),
        usual_variance=np.zeros((2, 4)),
        logits_per_level=PER_LEVEL,
        lead_variance=0.4,
        role_lead_variance=0.2,
        skill_variance=np.array([0.4, 0.4]),
        half_life_seconds=np.inf,
        kept_share=1.0,
        learned_at=0.8,
        steepness=3.0,
        failed_share=0.0,
    )


def judgements(learner, source, level) -> EvidenceLog:
    return EvidenceLog(
        learner=np.array(learner, dtype=np.int32),
        skill=np.zeros(len(learner), dtype=np.int32),
        source=np.array(source, dtype=np.str_),
        level=np.array(level, dtype=np.float64),
        at_seconds=np.full(len(learner), T0 + 90.0 * DAY),
    )


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Learners tried at four difficulties of one skill, and judged by everybody."""

    level: np.ndarray
    difficulty: np.ndarray
    log: object
    index: object
    evidence: EvidenceLog

    def fit(self, scale: LevelScale) -> ReliabilityFit:
        table = tabulate(self.log, self.index, self.evidence)
        return fit_reliability(table, self.evidence, scale, no_roles(N_LEARNERS, 3))


@pytest.fixture
def crowd(make_log, make_index) -> Crowd:
    rng = np.random.default_rng(1)
    level = 0.5 + rng.normal(0.0, np.sqrt(0.8) / PER_LEVEL, N_LEARNERS)
    difficulty = np.array([0.2, 0.4, 0.6, 0.8])
    rows = []
    for learner in range(N_LEARNERS):
        for attempt in range(N_TRIES):
            module = attempt % 4
            logit = PER_LEVEL * (level[learner] - difficulty[module]) + LOGIT_OF_MASTERY
            won = int(rng.random() < sigmoid(np.array(logit)))
            rows.append((learner, module, "answered", T0 + attempt * DAY, won))
    told = [
        (learner, source, level[learner] + bias + rng.normal(0.0, deviation))
        for source, (bias, deviation) in PLANTED.items()
        for learner in range(N_LEARNERS)
    ]
    return Crowd(
        level=level,
        difficulty=difficulty,
        log=make_log(rows, n_learners=N_LEARNERS),
        index=make_index([(0,)] * 4),
        evidence=judgements(*zip(*told, strict=True)),
    )


def test_planted_biases_and_deviations_are_found_again(crowd) -> None:
    found = crowd.fit(scale_of(crowd.difficulty))
    assert found.reliability.source_ids.tolist() == list(PLANTED)
    bias, deviation = (np.array(column) for column in zip(*PLANTED.values(), strict=True))
    assert found.n_judgements.tolist() == [N_LEARNERS] * 3 + [0]
    assert found.reliability.bias[:3] == pytest.approx(bias, abs=0.04)
    assert found.reliability.deviation[:3] == pytest.approx(deviation, abs=0.025)
    assert (np.abs(found.reliability.bias[:3] - bias) < 4 * found.bias_standard_error[:3]).all()
    assert abs(found.results_bias) < 0.03
    assert found.in_words().count("(240 judgements)") == 3


def test_results_that_read_too_low_are_not_charged_to_the_judges(crowd) -> None:
    found = crowd.fit(scale_of(crowd.difficulty - 0.1, usual=0.4))
    assert found.results_bias == pytest.approx(-0.1, abs=0.04)
    assert found.reliability.bias[2] == pytest.approx(PLANTED["self"][0], abs=0.05)


AFTER = np.array([T0 + 90.0 * DAY])


def test_a_noisy_source_moves_levels_less_than_an_exact_one(crowd, make_log) -> None:
    scale = scale_of(crowd.difficulty)
    reliability = crowd.fit(scale).reliability
    moved = {}
    for source in ("manager", "self"):
        bias = PLANTED[source][0]
        evidence = judgements([0], [source], [0.9 + bias])
        table = tabulate(make_log([]), crowd.index, evidence, reliability)
        moved[source] = (
            read_levels(table, scale, no_roles(1, 3).of_learner, AFTER).level[0, 0] - 0.5
        )
    assert moved["manager"] > 2.0 * moved["self"] > 0.0


def test_a_table_read_again_has_levels_without_bias(crowd) -> None:
    scale = scale_of(crowd.difficulty)
    table = tabulate(crowd.log, crowd.index, crowd.evidence)
    again = read_again(table, crowd.evidence, crowd.fit(scale).reliability)
    own = again.evidence_row >= 0
    off = again.level[own] - crowd.level[again.learner[own]]
    by_self = crowd.evidence.source[again.evidence_row[own]] == "self"
    assert abs(off[by_self].mean()) < 0.05
    assert np.isnan(again.level[~own]).all()
    anew = tabulate(crowd.log, crowd.index, crowd.evidence, crowd.fit(scale).reliability)
    assert np.array_equal(again.level[own], anew.level[own])


def test_of_few_judgements_what_is_assumed_remains(crowd) -> None:
    few = crowd.evidence.take(crowd.evidence.learner < 9)
    rare = judgements(few.learner, ["a colleague"] * len(few), few.level)
    for evidence in (rare, few):
        found = replace(crowd, evidence=evidence).fit(scale_of(crowd.difficulty))
        assert found.reliability.source_ids.tolist() == []
        assert found.n_judgements.tolist() == [27]
    one = judgements([0], ["self"], [crowd.level[0] + 0.2])
    found = replace(crowd, evidence=one).fit(scale_of(crowd.difficulty))
    assert found.reliability.deviation[-1] == pytest.approx(0.2, abs=0.02)


def test_every_source_is_read_by_its_own_worth() -> None:
    reliability = Reliability(
        source_ids=np.array(["manager", "self"]),
        bias=np.array([0.0, 0.1, 0.02]),
        deviation=np.array([0.1, 0.3, 0.2]),
    )
    source = np.array(["self", "manager", "an oracle", "zzz"])
    level, error = reliability.read(source, np.full(4, 0.5))
    assert level == pytest.approx([0.4, 0.5, 0.48, 0.48])
    assert error == pytest.approx([0.3, 0.1, 0.2, 0.2])
    nobody = Reliability(source_ids=np.zeros(0, np.str_), bias=np.zeros(1), deviation=np.ones(1))
    assert nobody.read(source, np.full(4, 0.5))[1] == pytest.approx(np.ones(4))


def test_assumptions_are_in_the_order_that_look_up_needs() -> None:
    assumed = assumed_reliability()
    assert sorted(ASSUMED_DEVIATION) == assumed.source_ids.tolist()
    for source, deviation in ASSUMED_DEVIATION.items():
        assert assumed.read(np.array([source]), np.ones(1))[1] == deviation
