import numpy as np
import pytest

from features.encode.ability import logit, sigmoid
from features.encode.signals import SIGNALS
from features.score.sequels import Sequels, no_sequels
from training.success.labelled import Labelled
from training.success.sequels import added, fit_sequels
from training.success.settings import SuccessSettings

N = 2_000


@pytest.fixture
def sequels() -> Sequels:
    return Sequels(
        first=np.array([0, 0, 2], dtype=np.int32),
        then=np.array([1, 2, 0], dtype=np.int32),
        effect=np.array([[-1.0, 1.0], [-2.0, 2.0], [-3.0, 3.0]]),
    )


def test_effects_are_those_of_the_pair_and_the_outcome(sequels) -> None:
    previous, module = np.array([0, 0, 2, 1, -1]), np.array([2, 2, 0, 0, 1])
    succeeded = np.array([True, False, True, True, False])
    assert sequels.added(previous, module, succeeded).tolist() == [2.0, -2.0, 3.0, 0.0, 0.0]
    assert no_sequels().added(previous, module, succeeded).tolist() == [0.0] * 5
    assert sequels.then[sequels.after(0)].tolist() == [1, 2]
    assert sequels.then[sequels.after(-1)].tolist() == []


def test_in_another_catalogue_the_pairs_left_stay_in_order(sequels) -> None:
    placed = sequels.placed(np.array([4, -1, 1], dtype=np.int32))
    assert list(zip(placed.first, placed.then, strict=True)) == [(1, 4), (4, 1)]
    assert placed.effect.tolist() == [[-3.0, 3.0], [-2.0, 2.0]]
    assert len(no_sequels().placed(np.array([0], dtype=np.int32))) == 0


def _attempts(dependence: float, rng: np.random.Generator) -> tuple[Labelled, np.ndarray]:
    """Return attempts at module 1 after module 0, and the log odds that ignore the order."""
    before = rng.random(N) < 0.5
    success = (rng.random(N) < sigmoid(dependence * (2.0 * before - 1.0))).astype(float)
    data = Labelled(
        columns=np.zeros((N, len(SIGNALS))),
        module=np.ones(N, dtype=np.int64),
        previous=np.zeros(N, dtype=np.int64),
        previous_succeeded=before,
        success=success,
    )
    return data, np.zeros(N)


def test_a_planted_dependence_is_recovered() -> None:
    rng = np.random.default_rng(0)
    train, valid = _attempts(0.8, rng), _attempts(0.8, rng)
    fitted = fit_sequels(train, valid, SuccessSettings(sequel_penalties=(1.0,)))
    assert fitted is not None
    shares = [train[0].success[train[0].previous_succeeded == won].mean() for won in (False, True)]
    # a ridge of one attempt's worth among a thousand hardly moves the effect
    np.testing.assert_allclose(fitted.effect[0], logit(np.array(shares)), atol=0.02)
    assert set(added(fitted, valid[0])) == set(fitted.effect[0])


def test_where_order_says_nothing_no_pairs_are_kept() -> None:
    rng = np.random.default_rng(1)
    train, valid = _attempts(0.8, rng), _attempts(-0.8, rng)
    assert fit_sequels(train, valid, SuccessSettings()) is None
    rare = SuccessSettings(min_sequel_count=N + 1)
    assert fit_sequels(train, train, rare) is None
