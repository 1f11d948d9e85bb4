"""Where hyper-parameters are looked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.model_settings import leaves_of
from training.models import RANKING, SUCCESS

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True, kw_only=True)
class Span:
    """Both ends included; `log` where ratios matter and not differences."""

    low: float
    high: float
    log: bool = False


# Left out is what trades quality for size or time alone (n_kept, n_networks, fewest_steps,
# max_rows), and what every training chooses on validation learners (penalties, and stages within
# their limits).
SPACES: Mapping[str, Mapping[str, Span]] = {
    RANKING: {
        "ease_regularization": Span(low=1.0, high=200.0, log=True),
        "sequential_regularization": Span(low=1.0, high=200.0, log=True),
        "ease_dropout": Span(low=0.0, high=0.6),
        "sequential_dropout": Span(low=0.0, high=0.6),
        "transition_decay": Span(low=0.4, high=0.95),
        "longest_gap": Span(low=2, high=20, log=True),
        "transition_shrinkage": Span(low=1.0, high=100.0, log=True),
        "network.n_hidden": Span(low=16, high=128, log=True),
        "network.n_epochs": Span(low=2, high=12, log=True),
        "network.learning_rate": Span(low=5e-4, high=1e-2, log=True),
        "network.l2": Span(low=1e-5, high=1e-2, log=True),
    },
    SUCCESS: {
        "boosting.learning_rate": Span(low=0.03, high=0.4, log=True),
        "boosting.max_depth": Span(low=2, high=7),
        "boosting.min_samples_leaf": Span(low=10, high=1000, log=True),
        "boosting.l2_regularization": Span(low=0.1, high=100.0, log=True),
    },
}


def distributions(half: str, default: Any) -> dict[str, "BaseDistribution"]:
    """Return Optuna's distributions for a half; whole numbers where the default is one."""
    from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415 - slow

    values = leaves_of(default)
    return {
        name: IntDistribution(int(span.low), int(span.high), log=span.log)
        if isinstance(values[name], int)
        else FloatDistribution(span.low, span.high, log=span.log)
        for name, span in SPACES[half].items()
    }


def searched(half: str, settings: Any) -> dict[str, Any]:
    """Return the values of the settings that are looked for, by dotted name."""
    values = leaves_of(settings)
    return {name: values[name] for name in SPACES[half]}
