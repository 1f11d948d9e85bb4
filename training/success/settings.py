"""What may be varied in fitting the models of success; everything else is learned."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class BoostingSettings:
    """How the trees are grown; the number of stages is chosen on validation learners."""

    max_stages: int = 10
    patience: int = 3
    learning_rate: float = 0.15
    max_depth: int = 4
    min_samples_leaf: int = 100
    l2_regularization: float = 10.0


@dataclass(frozen=True, kw_only=True)
class SuccessSettings:
    """How the models of success are fitted.

    Attributes
    ----------
    penalties
        Inverse strengths of the ridge on standardised signals (scikit-learn's C, positive), weak
        ones first; the best on validation learners is kept, the second where there are none.
    boosting
        Of the trees.
    sequel_penalties
        Of what the module just met says of the next, in attempts' worth of evidence; the best on
        validation learners is kept, or no sequels at all.
    min_sequel_count
        How often two modules must have been met in succession.
    max_rows
        Of training learners, drawn at random; more changes no coefficient.
    """

    penalties: tuple[float, ...] = (1.0, 0.1, 0.01, 0.001)
    boosting: BoostingSettings = field(default_factory=BoostingSettings)
    sequel_penalties: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0)
    min_sequel_count: int = 5
    max_rows: int = 1_000_000
