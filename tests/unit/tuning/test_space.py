"""Where settings are looked for lies within what is allowed, and holds the default."""

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from training.model_settings import RANGES
from training.ranking.components import Settings as RankingSettings
from training.ranking.fit import EASE_REGULARIZATIONS, SEQUENTIAL_REGULARIZATIONS
from training.success.settings import SuccessSettings
from training.tuning.space import SPACES, distributions, searched

DEFAULTS = {"ranking": RankingSettings(), "success": SuccessSettings()}


@pytest.mark.parametrize("half", ["ranking", "success"])
def test_every_span_lies_in_its_range_and_holds_the_default(half):
    for name, value in searched(half, DEFAULTS[half]).items():
        span, allowed = SPACES[half][name], RANGES[half][name]
        assert allowed.low <= span.low <= value <= span.high <= allowed.high, name


def test_what_training_chooses_by_itself_can_be_the_first_trial():
    spaces = SPACES["ranking"]
    for name, values in (
        ("ease_regularization", EASE_REGULARIZATIONS),
        ("sequential_regularization", SEQUENTIAL_REGULARIZATIONS),
    ):
        assert spaces[name].low <= min(values) <= max(values) <= spaces[name].high


def test_whole_numbers_are_looked_for_among_whole_numbers():
    found = distributions("success", SuccessSettings())
    assert found["boosting.max_depth"] == IntDistribution(2, 7)
    assert found["boosting.learning_rate"] == FloatDistribution(0.03, 0.4, log=True)
