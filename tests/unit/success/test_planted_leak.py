"""A leak would show where there is nothing to learn."""

from dataclasses import replace

import numpy as np

from training.success.fit import SuccessHistories, fit_success
from training.success.metrics import auc

N_LEARNERS, N_MODULES, N_ROWS = 90, 20, 40


def test_from_shuffled_labels_nothing_is_learned(make_log, make_index) -> None:
    rng = np.random.default_rng(3)
    module = rng.integers(0, N_MODULES, (N_LEARNERS, N_ROWS))
    label = rng.permutation((rng.random(module.size) < 0.6).astype(int)).reshape(module.shape)
    rows = [
        (learner, int(module[learner, at]), "answered", float(at), int(label[learner, at]))
        for learner in range(N_LEARNERS)
        for at in range(N_ROWS)
    ]
    log = make_log(rows, n_learners=N_LEARNERS, n_modules=N_MODULES)
    index = make_index([(m % 3, (m + 1) % 3) if m % 2 else (m % 3,) for m in range(N_MODULES)])
    part = np.repeat([0, 1, 2], N_LEARNERS // 3)
    data = SuccessHistories(
        train=log.take_learners(part == 0), valid=log.take_learners(part == 1), index=index
    )
    fitted = fit_success(data, rng=rng)
    assert fitted is not None
    test = log.take_learners(part == 2)
    chance = 4.0 / np.sqrt(12.0 * 0.6 * 0.4 * len(test))  # four standard errors of an AUC of .5
    models = {name: m.bind(index) for name, m in fitted.candidates.items()} | fitted.baselines
    for name, model in models.items():
        found = auc(test.success.astype(float), model.predict_attempts(test))
        assert found is not None, name
        assert abs(found - 0.5) < chance, name


def test_how_an_attempt_ends_has_no_part_in_its_own_prediction(make_log, make_index, model) -> None:
    bound = model.bind(make_index([(0, 1), (1,), (), (2, 0)]))
    log = make_log([(0, at % 4, "answered", float(at), at % 3 % 2) for at in range(12)])
    flipped = log.success.copy()
    flipped[-1] = 1 - flipped[-1]
    changed = replace(log, success=flipped)
    assert np.array_equal(bound.predict_attempts(log), bound.predict_attempts(changed))
