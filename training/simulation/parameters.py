"""What is true of simulated learners: frozen before any policy was run against it.

The *forms* follow the sources named; a *value* without a source beside it is an assumption.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Programme:
    """How much time there is.

    Attributes
    ----------
    n_weeks
        Horizon. Three quarters of a year: the role curricula of the sample academy take some 28
        hours, so that at an hour a week nearly everybody has the time to finish.
    weekly_minutes, weekly_spread
        Median of the learners' minutes a week, and standard deviation of its logarithm. Companies
        report 34 hours a learner and year [1]_; people new to a role learn more. Assumption: 60.
    pace_spread
        Standard deviation of the logarithm of time taken ÷ stated time. Assumption.
    most_attempts
        A graded module failed so often is over for the learner. Assumption.
    upkeep_weeks
        Who has finished looks in once in so many weeks. Assumption.
    follow_up_weeks
        After the horizon, without learning, until retention is measured.

    References
    ----------
    .. [1] Association for Talent Development (2017). 2017 state of the industry.
    """

    n_weeks: int = 39
    weekly_minutes: float = 60.0
    weekly_spread: float = 0.3
    pace_spread: float = 0.2
    most_attempts: int = 3
    upkeep_weeks: int = 4
    follow_up_weeks: int = 13


@dataclass(frozen=True, kw_only=True)
class Entrants:
    """What learners bring.

    Attributes
    ----------
    least_share, most_share, skill_spread
        A learner has a share of what the role asks for, uniform between the two, and in each skill
        normally spread around it. Pupils know 40 to 50 % of what is about to be taught, each
        something else [1]_; so many modules of the role's curriculum (42 %) lie beneath learners.
    other_level
        Levels in skills the role does not ask for are uniform up to this. Assumption.
    rate_spread
        Standard deviation of the logarithm of learning rates. Learners start far apart but learn
        at nearly the same rate [2]_; refitted, the spread is some two times larger [3]_.
    taste_spread
        Liking for a format is normal with this standard deviation around the learner's type, of
        which there are four. Assumption, as in the sample academy.

    References
    ----------
    .. [1] Nuthall, G. (2007). The hidden lives of learners.
    .. [2] Koedinger, K. R., Carvalho, P. F., Liu, R., & McLaughlin, E. A. (2023). An astonishing
       regularity in student learning rate. PNAS, 120(13).
    .. [3] Revisiting the regularity of student learning rate (2026). arXiv:2605.01690.
    """

    least_share: float = 0.3
    most_share: float = 0.95
    skill_spread: float = 0.2
    other_level: float = 0.3
    rate_spread: float = 0.2
    taste_spread: float = 0.4


@dataclass(frozen=True, kw_only=True)
class Staying:
    r"""Who leaves: a proportional hazard by the week.

    hazard = weekly · (settling in the first weeks) · exp(bored·b + lost·l − liked·t), where b and l
    are the shares of the week's minutes that bored the learner or were over the learner's head, and
    t is the mean liking for their formats in standard deviations.

    Attributes
    ----------
    weekly
        With nothing that bores or is too hard. Of 20 to 50 % who leave distance courses, 10 to 20
        points are more than in classrooms, and of a compulsory online programme for new staff half
        was lost [1]_. Assumption: .015, a quarter to a third of everybody in half a year.
    settling_weeks, settling
        Attrition is decided in the first two weeks [2]_; factor assumed.
    bored, lost
        Nearly half of those who leave school name boredom as a major reason, a third failing [3]_;
        boredom is the worse: it lasts longest and leads to disengagement, frustration less so
        [4]_, [5]_. Values assumed so that these shares come about where half is known already.
    liked
        Assumption: the weakest of the three.

    References
    ----------
    .. [1] Frankola, K. (2001). Why online learners drop out. Workforce, 80(10).
    .. [2] Jordan, K. (2015). Massive open online course completion rates revisited: assessment,
       length and attrition. IRRODL, 16(3).
    .. [3] Bridgeland, J. M., DiIulio, J. J., & Morison, K. B. (2006). The silent epidemic.
    .. [4] Baker, R. S. J. d., D'Mello, S. K., Rodrigo, M. M. T., & Graesser, A. C. (2010). Better
       to be frustrated than bored. International Journal of Human-Computer Studies, 68(4).
    .. [5] D'Mello, S., & Graesser, A. (2012). Dynamics of affective states during complex
       learning. Learning and Instruction, 22(2).
    """

    weekly: float = 0.015
    settling_weeks: int = 2
    settling: float = 2.0
    bored: float = 2.0
    lost: float = 1.5
    liked: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is true of the modules beside their difficulty.

    Attributes
    ----------
    effect_spread
        Standard deviation of the logarithm of how much a module teaches, for its length. Effects
        of training differ with method and content [1]_; value assumed.
    length_power, usual_minutes
        A module of `usual_minutes` teaches 1; others by this power of their length: twice the time
        teaches less than twice as much. Assumption.
    second_share
        What it teaches of a second skill. Assumption.
    readiness_span
        Levels under what a prerequisite asks for at which it is wholly missing. A missing one takes
        its strength away from what is learned: what comes before must be there for what follows
        [2]_. Assumption.

    References
    ----------
    .. [1] Arthur, W., Bennett, W., Edens, P. S., & Bell, S. T. (2003). Effectiveness of training
       in organizations. Journal of Applied Psychology, 88(2).
    .. [2] Bloom, B. S. (1976). Human characteristics and school learning.
    """

    effect_spread: float = 0.3
    length_power: float = 0.25
    usual_minutes: float = 30.0
    second_share: float = 0.3
    readiness_span: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The bank of pre-assessment questions, and how long it is asked from.

    Attributes
    ----------
    n_per_skill
        Each about one skill, difficulties evenly spread over the scale. Assumption.
    minutes
        Each; multiple-choice items with four responses took 54 seconds on average [1]_.
    authoring_error
        Standard deviation, in levels, of stated − true difficulty. Assumption, as for the modules
        of the sample academy.
    most, goal_standard_error
        After so many questions a pre-assessment ends, or when every skill is known so well, in
        logits: what the service asks by default.

    References
    ----------
    .. [1] Measurement Research Associates (2009). Candidate measured ability and use of time. Test
       Insights, October.
    """

    n_per_skill: int = 12
    minutes: float = 1.0
    authoring_error: float = 0.05
    most: int = 20
    goal_standard_error: float = 0.4


@dataclass(frozen=True, kw_only=True)
class AbilityModel:
    """IRT-like: ability in a skill moves continuously.

    Attributes
    ----------
    slope
        Logits of success per level of (level − difficulty), where success is .75 at 0. Levels are
        spread by about .2, so that 6 is 1.2 a standard deviation: moderate discrimination [1]_.
    rise
        Levels that a module of effect 1 adds at the best match: 1.25 standard deviations, of which
        learners off the best match take half; training in companies gives .6 [2]_. With it three
        in four ladders, taken in order, bring even a beginner to what roles ask for.
    best_p, match_width
        Learning is strongest at this probability of success and falls as a bell in its logit: in
        theory the optimum is .85 [3]_, practice systems for people aim at .75 [4]_; between them
        lies .8. Width, in logits, assumed.
    bored_from_p, bored_at_p, lost_from_p, lost_at_p
        Where a module begins to bore and bores wholly, likewise for being over one's head: on
        either side of where people stay engaged [8]_. Values assumed.
    fade_days, fade_power
        Of what was gained, (1 + days ÷ fade_days)^−fade_power is left: a power function [5]_, with
        .68 after half a year and .60 after a year; of what training taught, work shows 71 and 55 %
        of the first [6]_.
    fade_growth
        Each further module of a skill stretches `fade_days` by this: spacing lengthens half-lives
        [7]_, Leitner boxes double them. Assumption between 1 and 2.

    References
    ----------
    .. [1] Baker, F. B. (2001). The basics of item response theory.
    .. [2] Arthur, W. et al. (2003), as above.
    .. [3] Wilson, R. C., Shenhav, A., Straccia, M., & Cohen, J. D. (2019). The eighty five percent
       rule for optimal learning. Nature Communications, 10.
    .. [4] Klinkenberg, S., Straatemeier, M., & van der Maas, H. L. J. (2011). Computer adaptive
       practice of maths ability. Computers & Education, 57(2); Pelánek, R. (2016). Applications
       of the Elo rating system in adaptive educational systems. Computers & Education, 98.
    .. [5] Wixted, J. T., & Ebbesen, E. B. (1991). On the form of forgetting. Psychological
       Science, 2(6); Murre, J. M. J., & Dros, J. (2015). Replication and analysis of Ebbinghaus'
       forgetting curve. PLoS ONE, 10(7).
    .. [6] Saks, A. M., & Belcourt, M. (2006). An investigation of training activities and transfer
       of training in organizations. Human Resource Management, 45(4).
    .. [7] Settles, B., & Meeder, B. (2016). A trainable spaced repetition model for language
       learning. ACL.
    .. [8] Csikszentmihalyi, M. (1990). Flow: the psychology of optimal experience.
    """

    slope: float = 6.0
    rise: float = 0.25
    best_p: float = 0.8
    match_width: float = 1.6
    bored_from_p: float = 0.8
    bored_at_p: float = 0.93
    lost_from_p: float = 0.6
    lost_at_p: float = 0.3
    fade_days: float = 30.0
    fade_power: float = 0.2
    fade_growth: float = 1.5


@dataclass(frozen=True, kw_only=True)
class KnowledgeModel:
    """BKT-like: a skill has components, each known or not.

    Attributes
    ----------
    n_components
        Of a skill, from the easiest on; the level is the share that is known. Assumption.
    window
        A module is about the components of the `window` levels up to its difficulty. Assumption: a
        rung and a half of the academy's ladders.
    n_opportunities
        Of practice that a module of effect 1 gives each of its components: one in three minutes;
        some seven are needed [1]_.
    p_learn, p_guess, p_slip
        At each opportunity; when not known; when known: of the usual size [2]_, and within the
        bounds of plausible models, guess ≤ .3 and slip ≤ .1 [3]_.
    unready
        Factor on `p_learn` while the component before is not known [4]_. Assumption.
    n_before
        Components before the window whose absence puts the module over the learner's head.
    bored_from_share
        Known share of the window from which on the module bores.
    half_life_days, half_life_growth
        A component that was learned is forgotten at a constant rate, .71 are left after half a
        year [5]_; each module that shows it again stretches the half-life [6]_. Forgetting in
        knowledge tracing [7]_. What learners bring is used at work and stays.
    first_spread
        How blurred the border between known and unknown is at the beginning, in levels.

    References
    ----------
    .. [1] Koedinger, K. R. et al. (2023), as above.
    .. [2] Corbett, A. T., & Anderson, J. R. (1995). Knowledge tracing. User Modeling and
       User-Adapted Interaction, 4.
    .. [3] Baker, R. S. J. d., Corbett, A. T., & Aleven, V. (2008). More accurate student modeling
       through contextual estimation of slip and guess probabilities. ITS.
    .. [4] Bloom, B. S. (1976). Human characteristics and school learning (cognitive entry).
    .. [5] Saks, A. M., & Belcourt, M. (2006), as above.
    .. [6] Settles, B., & Meeder, B. (2016), as above.
    .. [7] Khajah, M., Lindsey, R. V., & Mozer, M. C. (2016). How deep is knowledge tracing? EDM.
    """

    n_components: int = 20
    window: float = 0.25
    n_opportunities: float = 10.0
    p_learn: float = 0.3
    p_guess: float = 0.2
    p_slip: float = 0.1
    unready: float = 0.3
    n_before: int = 4
    bored_from_share: float = 0.6
    half_life_days: float = 365.0
    half_life_growth: float = 1.5
    first_spread: float = 0.05
