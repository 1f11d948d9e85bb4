"""Elapsed time: known where instants are true, the same offline and online, and learned from."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from features.domain.catalogue import Catalogue, Module
from features.domain.errors import SnapshotError
from features.encode.catalogue import index_catalogue
from features.encode.ids import IdMap
from features.encode.log import ArrivedEvents, build_log
from features.encode.sequences import Sequences, hold_out_last, hold_out_since, sequence_modules
from features.score.affinity import bind_affinity
from features.score.ranking.arrays import to_arrays
from features.score.ranking.blend import describe_candidates
from features.score.ranking.waits import N_TIME_FEATURES
from features.score.ranking.weights import places
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from training.ranking import fit as ranking_fit
from training.ranking.components import Settings
from training.ranking.fit import BLEND, RankingHistories, fit_ranking
from training.ranking.network import NetworkSettings
from training.ranking.waits import measure_waits

START, DAY = 1_700_000_000.0, 86_400.0
SOON, LATE = 1, 40
N_MODULES = 12
SMALL = Settings(
    network=NetworkSettings(n_hidden=16, n_networks=1, fewest_steps=100, learning_rate=1e-2)
)


def log_of(rows, *, start=START):
    """Rows are learners, each a list of (module, day); of nobody else's modules."""
    flat = [(learner, *met) for learner, row in enumerate(rows) for met in row]
    n = len(flat)
    return build_log(
        ArrivedEvents(
            learner=np.array([one[0] for one in flat], dtype=np.int32),
            module=np.array([one[1] for one in flat], dtype=np.int32),
            event=np.zeros(n, dtype=np.int8),
            at_seconds=np.array([start + DAY * one[2] for one in flat]),
            score=np.full(n, np.nan),
            reported_success=np.full(n, -1, dtype=np.int8),
            duration_seconds=np.full(n, np.nan),
        ),
        learner_ids=IdMap(f"u{k}" for k in range(len(rows))),
        module_ids=IdMap(f"m{k}" for k in range(N_MODULES)),
        pass_marks=np.full(N_MODULES, 0.5),
    )


def returns(n_learners, seed):
    """Learners who take m soon after two others, and the rarer m + 1 only after long."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_learners):
        first, is_soon = 4 * int(rng.integers(3)), bool(rng.random() < 0.6)
        last = (first + 2, 1 + SOON) if is_soon else (first + 3, 1 + LATE)
        rows.append([(first, 0), (first + 1, 1), last])
    return rows


def fit(sequences):
    valid = np.arange(len(sequences)) % 5 == 0
    histories = RankingHistories(
        sequences=sequences, n_modules=N_MODULES, valid=valid, knows_learners=False
    )
    return fit_ranking(histories, seed=0, settings=SMALL).models[BLEND]


@pytest.fixture(scope="module")
def blend():
    return fit(sequence_modules(log_of(returns(400, seed=0))))


@pytest.fixture(scope="module")
def parts(blend):
    return to_arrays(blend) | {
        "module_ids": np.array([f"m{k}" for k in range(N_MODULES)]),
        "role_ids": np.zeros(0, dtype=np.str_),
        "met_by_role": np.zeros((0, N_MODULES)),
    }


def catalogue():
    modules = (Module(module_id=f"m{k}", title="") for k in reversed(range(N_MODULES)))
    return index_catalogue(Catalogue(modules=tuple(modules)))


def test_days_are_counted_from_the_last_module_to_the_ask():
    sequences = Sequences(
        indptr=np.array([0, 2, 3, 3, 4, 6, 7]),
        module=np.array([0, 1, 0, 0, 0, 1, 0], dtype=np.int32),
        at_seconds=np.array([START, START + DAY, START, START, 5.0, START, START]),
        asked_at_seconds=np.array([START + 3 * DAY, START, START, np.nan, START + DAY, START - 1]),
    )
    assert sequences.days_since_last.tolist() == pytest.approx(
        [2.0, 0.0, np.nan, np.nan, np.nan, 0.0], nan_ok=True
    )


def test_whoever_is_held_out_is_asked_at_the_instant_of_the_target():
    sequences = sequence_modules(log_of([[(0, 0), (1, 1), (2, 4)], [(3, 0)]]))
    assert np.isnan(sequences.asked_at_seconds).all()
    last, _ = hold_out_last(sequences)
    assert last.days_since_last[0] == 3.0
    before, _ = hold_out_last(last)
    assert before.days_since_last[0] == 1.0
    since, target = hold_out_since(sequences, START + DAY / 2)
    assert since.days_since_last[0] == 1.0
    assert target.tolist() == [1, -1]
    for history in (last, before, since):
        assert np.isnan(history.days_since_last[1])


def test_the_ask_goes_with_its_learner():
    history, _ = hold_out_last(sequence_modules(log_of(returns(6, seed=1))))
    days = history.days_since_last
    assert set(days.tolist()) == {SOON, LATE}
    assert history.between(2, 5).days_since_last.tolist() == days[2:5].tolist()
    chosen = np.arange(6) % 2 == 0
    assert history.take(chosen).days_since_last.tolist() == days[chosen].tolist()
    assert np.isnan(history.as_ordinals().days_since_last).all()


def test_time_features_are_the_last():
    part, own = np.zeros((2, 3, 1), dtype=np.float32), np.zeros((2, 3, 0), dtype=np.float32)
    lengths, time = np.array([1, 2]), np.arange(18.0, dtype=np.float32).reshape(2, 3, 3)
    features = describe_candidates(part, own, lengths, time)
    assert np.array_equal(features[..., -N_TIME_FEATURES:], time)
    assert np.array_equal(features[..., :-N_TIME_FEATURES], describe_candidates(part, own, lengths))


def test_waits_are_means_of_logarithms_drawn_to_those_of_the_module():
    sequences = sequence_modules(log_of([[(0, 0), (1, 3)], [(0, 0), (1, 7)], [(2, 0), (1, 1)]]))
    waits = measure_waits(sequences, np.array([[1, 2]] * N_MODULES, dtype=np.int32))
    log4, log8, log2 = np.log([4.0, 8.0, 2.0])
    overall = (log4 + log8 + log2) / 3
    before_1 = (3 * overall + 5 * overall) / 8
    assert waits.of_module == pytest.approx(np.full(N_MODULES, overall), rel=1e-6)
    after_0 = (log4 + log8 + 5 * before_1) / 7
    assert waits.of_pair[0] == pytest.approx([after_0, overall], rel=1e-6)
    history = replace(
        sequence_modules(log_of([[(0, 0)], []])),
        asked_at_seconds=np.array([START + 9 * DAY, START]),
    )
    candidates = np.array([[1, 5], [1, 5]])
    described = waits.describe(history, candidates, places(candidates, N_MODULES))
    assert described[0, :, 0] == pytest.approx([np.log(10.0)] * 2)
    assert described[0, :, 1] == pytest.approx([np.log(10.0) - after_0, np.log(10.0) - overall])
    assert np.array_equal(described[..., 2], np.abs(described[..., 1]))
    assert not described[1].any()


def test_nobody_who_waited_is_no_wait():
    waits = measure_waits(sequence_modules(log_of([[(0, 0)]])), np.zeros((N_MODULES, 1), np.int32))
    assert not waits.of_module.any()


def test_waits_take_room_for_the_pairs_that_happened_and_not_for_all():
    n_modules = 3_000
    sequences = sequence_modules(log_of([[(0, 0), (1, 3)], [(0, 0), (1, 7)]]))
    column = np.tile(np.array([1, n_modules - 1], dtype=np.int32), (n_modules, 1))
    tracemalloc.start()
    waits = measure_waits(sequences, column)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n_modules**2 / 10
    usual = np.log([4.0, 8.0]).mean()
    assert waits.of_pair == pytest.approx(np.full(column.shape, usual), rel=1e-6)


def test_time_that_serves_validation_learners_worse_is_left_out(monkeypatch):
    def gains(components, gathered, question, *_):
        return np.full(len(question.target), 0.5 if components.waits is None else 0.4)

    monkeypatch.setattr(ranking_fit, "blend_gains", gains)
    untimed = fit(sequence_modules(log_of(returns(200, seed=4))))
    assert untimed.waits is None
    asked = sequence_modules(log_of([[(4, 0), (5, 1)]]))
    later = replace(asked, asked_at_seconds=np.array([START + LATE * DAY]))
    assert np.array_equal(untimed.scores(asked), untimed.scores(later))


def test_what_comes_next_depends_on_how_long_ago_the_last_was(blend):
    log = log_of([[(4, 0), (5, 1)]])
    for days, expected in ((SOON, 6), (LATE, 7)):
        asked = np.array([START + (1 + days) * DAY])
        scores = blend.scores(replace(sequence_modules(log), asked_at_seconds=asked))
        assert scores[0].argmax() == expected


def test_ordinals_teach_no_time_and_are_shown_none(blend):
    rows = [[(module, k) for k, (module, _) in enumerate(row)] for row in returns(400, seed=0)]
    ordered = fit(sequence_modules(log_of(rows, start=0.0)))
    assert (blend.waits is None, ordered.waits is None) == (False, True)
    assert len(ordered.blend.mean) == len(blend.blend.mean) - N_TIME_FEATURES
    asked = sequence_modules(log_of([[(4, 0), (5, 1)]]))
    later = replace(asked, asked_at_seconds=np.array([START + LATE * DAY]))
    assert np.array_equal(ordered.scores(asked), ordered.scores(later))


def test_online_a_learner_is_asked_about_as_offline_to_the_bit(blend, parts):
    rows = returns(20, seed=2)
    question, _ = hold_out_last(sequence_modules(log_of(rows)))
    index = catalogue()
    bound = bind_affinity(parts, index)
    for row, met in enumerate(rows):
        offline = question.between(row, row + 1)
        # The service has its catalogue's own order of modules, and no event of after now.
        log = log_of([[(N_MODULES - 1 - module, day) for module, day in met[:-1]]])
        online = bound.history(log, np.array([START + DAY * met[-1][1]]))
        for name in Sequences.__dataclass_fields__:
            assert np.array_equal(getattr(online, name), getattr(offline, name)), name
        assert online.days_since_last.tolist() == offline.days_since_last.tolist()
        assert np.array_equal(blend.scores(online), blend.scores(offline))


def test_a_snapshot_of_before_elapsed_time_is_refused_by_name(parts):
    arrays = {f"ranking.{name}": array for name, array in parts.items() if name != "is_timed"}
    with pytest.raises(SnapshotError, match=r"is_timed.*Train again"):
        bind(catalogue(), Snapshot(manifest={}, arrays=arrays, version="7"))


def test_affinity_of_learners_together_is_that_of_each_alone(parts):
    bound = bind_affinity(parts, catalogue())
    rows = [
        [(N_MODULES - 1 - module, day) for module, day in met] for met in [*returns(9, seed=3), []]
    ]
    now = np.array([START + DAY * (met[-1][1] + 2.0 if met else 1.0) for met in rows])
    together, bases = bound.affinity(log_of(rows), [None] * len(rows), now)
    for row, met in enumerate(rows):
        (alone,), basis = bound.affinity(log_of([met]), [None], now[row : row + 1])
        assert together[row] == pytest.approx(alone, abs=1e-9)
        assert bases[row] == basis[0]
