"""The learner model: how simulated people succeed, learn, forget, give up and choose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOGIT_OF_MASTERY = float(np.log(3.0))  # p_success of .75: mastery is where it is reached
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class LearnerModel:
    r"""Parameters of simulated learners; levels, difficulties and gains are on the one scale [0,1].

    The *forms* follow the literature below. The *values* are assumptions unless a source is named
    beside them: no study measures levels on this scale.

    Attributes
    ----------
    discrimination
        Logits of success per unit of (level − difficulty). Two-parameter logistic model [1]_.
        Assumption: with levels spread by about .2, 7 makes 1.4 logits per standard deviation.
    learning_rate_spread
        Standard deviation of the log of learners' learning rates. Learners start far apart but
        learn at nearly the same rate [2]_, so it is small.
    match_p, match_width
        A module teaches most where p_success is `match_p`, less where it is too easy or too hard:
        exp(−((p − match_p)/match_width)²). That there is an optimum between is from [3]_, [4]_.
    gain_if_failed, gain_if_dropped
        Share of the gain that a failed or an abandoned module still brings. Assumption.
    half_life_days, half_life_growth, most_practices
        What was gained fades by halves; each practice of the skill lengthens the half-life by
        the factor `half_life_growth`, at most `most_practices` times. Half-life that grows with
        practice is from [5]_; heavy loss over a year of disuse from [6]_; values assumed.
    retained_share
        Share of every gain that never fades. Forgetting curves level off [7]_. Assumption: .35.
    drop_intercept, drop_if_bored, drop_if_lost, drop_per_hour, drop_if_liked
        Log-odds of giving up: at rest; added as p_success rises from .9 to 1; added as it falls
        from .6 to .2; per hour of length; per unit of liking for the format. That boredom and
        anxiety lie on either side of engagement is from [8]_; values assumed.
    taste, fit, gap, sequence, pathway, due, retry, unready, abandoned
        Weights of the choice among modules, in units of the standard Gumbel noise of a
        multinomial logit [9]_: personal taste and appeal; p_success near `match_p`; gap to the
        role; what usually follows; next pathway step; a due date; an earlier failure; soft
        prerequisites not met (negative); given up before (negative). Assumptions.
    level_spread
        Standard deviation of levels that reliabilities refer to.
    reliability_by_source
        Share of variance in a judgement of a skill that is true: supervisors .52 and peers .42
        as in [10]_; self-assessment low, since it correlates about .3 with performance [11]_;
        tests .8 (assumption).
    self_flattery
        How much the least able rate themselves too high [12]_, in levels. Assumption.

    References
    ----------
    .. [1] Birnbaum, A. (1968). Some latent trait models. In Lord & Novick, Statistical theories
       of mental test scores.
    .. [2] Koedinger, K. R., Carvalho, P. F., Liu, R., & McLaughlin, E. A. (2023). An astonishing
       regularity in student learning rate. PNAS, 120(13).
    .. [3] Vygotsky, L. S. (1978). Mind in society.
    .. [4] Wilson, R. C., Shenhav, A., Straccia, M., & Cohen, J. D. (2019). The eighty five
       percent rule for optimal learning. Nature Communications, 10.
    .. [5] Settles, B., & Meeder, B. (2016). A trainable spaced repetition model for language
       learning. ACL.
    .. [6] Arthur, W., Bennett, W., Stanush, P. L., & McNelly, T. L. (1998). Factors that
       influence skill decay and retention. Human Performance, 11(1).
    .. [7] Wixted, J. T., & Ebbesen, E. B. (1991). On the form of forgetting. Psychological
       Science, 2(6).
    .. [8] Csikszentmihalyi, M. (1990). Flow: the psychology of optimal experience.
    .. [9] McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In
       Zarembka, Frontiers in econometrics.
    .. [10] Viswesvaran, C., Ones, D. S., & Schmidt, F. L. (1996). Comparative analysis of the
       reliability of job performance ratings. Journal of Applied Psychology, 81(5).
    .. [11] Zell, E., & Krizan, Z. (2014). Do people have insight into their abilities?
       Perspectives on Psychological Science, 9(2).
    .. [12] Kruger, J., & Dunning, D. (1999). Unskilled and unaware of it. Journal of Personality
       and Social Psychology, 77(6).
    """

    discrimination: float = 7.0
    learning_rate_spread: float = 0.15
    match_p: float = 0.75
    match_width: float = 0.22
    gain_if_failed: float = 0.6
    gain_if_dropped: float = 0.25
    half_life_days: float = 120.0
    half_life_growth: float = 1.35
    most_practices: int = 6
    retained_share: float = 0.35
    drop_intercept: float = -3.0
    drop_if_bored: float = 1.2
    drop_if_lost: float = 1.6
    drop_per_hour: float = 0.25
    drop_if_liked: float = -0.5
    taste: float = 0.8
    fit: float = 2.2
    gap: float = 4.5
    sequence: float = 3.2
    pathway: float = 2.2
    due: float = 6.0
    retry: float = 2.5
    unready: float = -1.2
    abandoned: float = -1.5
    level_spread: float = 0.2
    reliability_by_source: tuple[tuple[str, float], ...] = (
        ("assessment", 0.80),
        ("manager", 0.52),
        ("peer", 0.42),
        ("self", 0.25),
    )
    self_flattery: float = 0.15

    def p_success(self, level: Floats, difficulty: Floats) -> Floats:
        """Return the probability of success: .75 where `level` equals `difficulty`.

        Parameters
        ----------
        level, difficulty
            float64 in [0,1], shapes that broadcast.
        """
        logit = self.discrimination * (level - difficulty) + LOGIT_OF_MASTERY
        p: Floats = 1.0 / (1.0 + np.exp(-logit))
        return p

    def match(self, p_success: Floats) -> Floats:
        """Return the share of a module's gain that a learner with this p_success can take up."""
        share: Floats = np.exp(-np.square((p_success - self.match_p) / self.match_width))
        return share

    def learned(self, level: Floats, gain: Floats, p_success: Floats, share: Floats) -> Floats:
        """Return how far levels rise, (n, n_skills), never past 1.

        Parameters
        ----------
        level, gain
            float64, (n, n_skills): levels before, and the true gains of the modules taken,
            multiplied by the learners' rates.
        p_success
            float64, (n,), of the module before taking it.
        share
            float64, (n,): 1, `gain_if_failed`, `gain_if_dropped` or 0.
        """
        rise: Floats = np.minimum(gain * (self.match(p_success) * share)[:, None], 1.0 - level)
        return rise

    def remaining(
        self, level: Floats, floor: Floats, n_practices: Floats, days: float | Floats
    ) -> Floats:
        """Return levels after `days` without practice; they sink towards `floor`."""
        practices = np.minimum(n_practices, self.most_practices)
        half_lives = days / (self.half_life_days * self.half_life_growth**practices)
        kept: Floats = floor + (level - floor) * np.exp2(-half_lives)
        return kept

    def p_dropout(self, p_success: Floats, minutes: Floats, liking: Floats) -> Floats:
        """Return the probability of giving up a module, all arrays (n,); `liking` is in σ units."""
        bored = np.clip((p_success - 0.9) / 0.1, 0.0, 1.0)
        lost = np.clip((0.6 - p_success) / 0.4, 0.0, 1.0)
        logit = (
            self.drop_intercept
            + self.drop_if_bored * bored
            + self.drop_if_lost * lost
            + self.drop_per_hour * minutes / 60.0
            + self.drop_if_liked * liking
        )
        p: Floats = 1.0 / (1.0 + np.exp(-logit))
        return p

    def noise_of(self, source: str) -> float:
        """Return the standard deviation of a judgement around the true level, in levels."""
        reliability = dict(self.reliability_by_source)[source]
        noise: float = self.level_spread * np.sqrt((1.0 - reliability) / reliability)
        return noise
