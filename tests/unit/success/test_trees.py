import numpy as np
from sklearn.metrics import log_loss

from features.encode.ability import sigmoid
from features.score.trees import Trees, no_trees
from training.success.boosting import LabelledColumns, fit_boosting
from training.success.settings import BoostingSettings


def _stump(value: float) -> Trees:
    return Trees(
        roots=np.array([0], dtype=np.int32),
        feature=np.array([1, 0, 0], dtype=np.int32),
        threshold=np.array([0.5, np.inf, np.inf]),
        left=np.array([1, 1, 2], dtype=np.int32),
        right=np.array([2, 1, 2], dtype=np.int32),
        value=np.array([0.0, -value, value]),
        depth=1,
    )


def test_rows_at_the_threshold_go_left() -> None:
    columns = np.array([[9.0, 0.5], [9.0, 0.6]])
    assert _stump(2.0).predict(columns).tolist() == [-2.0, 2.0]


def test_scaling_and_arrays_keep_the_structure() -> None:
    trees = Trees.from_arrays(_stump(2.0).scaled(0.5).to_arrays())
    assert trees.predict(np.array([[0.0, 1.0]])).tolist() == [1.0]


def test_no_trees_predict_nothing() -> None:
    assert no_trees().predict(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]


def _xor(rng: np.random.Generator, n: int) -> LabelledColumns:
    columns = rng.normal(size=(n, 3))
    truth = 1.5 * np.sign(columns[:, 0] * columns[:, 1])
    success = (rng.random(n) < sigmoid(truth)).astype(float)
    return LabelledColumns(columns=columns, success=success, logits=np.zeros(n))


def test_trees_find_what_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    train, valid, test = _xor(rng, 4000), _xor(rng, 1000), _xor(rng, 2000)
    correction = fit_boosting(train, valid, BoostingSettings(), seed=0)
    p = sigmoid(correction.trees.predict(test.columns) + correction.constant)
    assert log_loss(test.success, p) < 0.58  # even odds: .693; the truth: .47


def test_trees_that_do_not_help_on_validation_are_not_kept() -> None:
    rng = np.random.default_rng(1)
    train, valid = _xor(rng, 600), _xor(rng, 600)
    opposite = LabelledColumns(
        columns=valid.columns, success=1.0 - valid.success, logits=valid.logits
    )
    assert len(fit_boosting(train, opposite, BoostingSettings(), seed=0).trees) == 0
