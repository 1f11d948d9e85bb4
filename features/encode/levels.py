"""Levels of learners in skills: what is usual in the role, shown by evidence, gained and kept.

level(t) = base + 1 − exp(−G(t)). The base is constant. Its prior is a tree: what is usual in the
role and skill, the learner's lead over that in all skills, a further lead in the skills that the
learner's role or goal asks for, and the skill's own difference. G adds up the gains of completed
modules, of which a share stays and the rest fades by halves; each gain is of what is left to gain,
and completing a module again brings back what has faded of its own. Every attempt is measured
against what had been gained by then, so that forgetting takes away what was gained and nothing
else.

Evidence travels along the tree as score functions (see `ability.py`): a skill tells its lead where
the skill's best base lies for every value of the lead. These functions rise with every success, at
every anchor, and each step keeps that order, so a success can lower no level.

References
----------
Rasch, G. (1960). Probabilistic models for some intelligence and attainment tests.
Wixted, J. T., & Ebbesen, E. B. (1991). On the form of forgetting (what levels off).
Wainwright, M. & Jordan, M. (2008). Graphical models, exponential families, and variational
inference (max-product messages on trees).
Holzinger, K. & Swineford, F. (1937). The bi-factor method (a lead in all, and one in some).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import (
    ANCHORS,
    LOGIT_OF_MASTERY,
    judgement_scores,
    mean_information,
    message,
    posterior,
    sigmoid,
)
from features.encode.attempts import AttemptTable
from features.encode.level_scale import MIDDLE, LearnerRoles, LevelScale

FEW_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What was gained up to and with each tag of a table, levels.

    Attributes
    ----------
    sums
        float64, (n_tags, 2): what stays, and what is left of the rest at the tag's instant.
    at_seconds
        float64, (n_tags,), those instants.
    half_life_seconds
        Of the rest.
    """

    sums: NDArray[np.float64]
    at_seconds: NDArray[np.float64]
    half_life_seconds: float

    def at(self, tags: NDArray[np.int64], at_seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gains up to and with some tags (−1: none), as far as they are left later.

        Parameters
        ----------
        tags
            int64, (n,).
        at_seconds
            float64, (n,), not before the tags' own instants.
        """
        if len(self.sums) == 0:
            return np.zeros(len(tags))
        passed = np.where(tags >= 0, at_seconds - self.at_seconds[tags], 0.0)
        left = np.exp2(-passed / self.half_life_seconds)
        return np.asarray((self.sums[tags, 0] + left * self.sums[tags, 1]) * (tags >= 0))


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What each tag of a table says; arrays of n_tags rows.

    Attributes
    ----------
    group
        int64: number of the learner × skill the tag belongs to.
    scores
        float64, (n_tags, n_anchors): score functions of the base in the skill.
    """

    group: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bases:
    """Bases of n groups (learner × skill) in logits: prior mean, posterior mode and variances.

    `own` is float64, (n, n_anchors): the score functions of what was shown in the skill itself;
    `row` is the row of `LevelScale.usual`, `usual` what stands there in logits; `leads`, float64,
    (n_learners, 2), are the learners' leads in skills that are not asked for, and in those that
    are.
    """

    own: NDArray[np.float64]
    learner: NDArray[np.int64]
    skill: NDArray[np.int64]
    row: NDArray[np.int64]
    usual: NDArray[np.float64]
    prior_mean: NDArray[np.float64]
    prior_variance: NDArray[np.float64]
    mode: NDArray[np.float64]
    variance: NDArray[np.float64]
    leads: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LevelReading:
    """Levels of n learners in every skill (the last: untagged), float64, (n, n_skills + 1).

    Attributes
    ----------
    level
        Now; outside [0,1] where evidence is extreme.
    shown
        Right after the last completion, attempt or judgement, before anything of it faded.
    deviation
        Standard error, in levels; evidence never raises it, since it is that of the information
        expected in the evidence, over all learners of the role.
    left
        In (0,1]: the part of a further gain that would count, after what has been gained.
    worth
        In [0,1], (n, n_modules): the part of its gain that completing each module now would add; 1
        for the first time, afterwards what has faded of it.
    """

    level: NDArray[np.float64]
    shown: NDArray[np.float64]
    deviation: NDArray[np.float64]
    left: NDArray[np.float64]
    worth: NDArray[np.float64]


def read_levels(
    table: AttemptTable, scale: LevelScale, roles: LearnerRoles, at_seconds: NDArray[np.float64]
) -> LevelReading:
    """Return the levels of the n learners of `table`, each at an instant no row of theirs is after.

    `roles` are the learners' own, `at_seconds` is float64, (n,).
    """
    gains = add_gains(table, scale)
    bases = read_bases(table, scale, roles, read_signs(table, scale, roles, gains))
    n_skills, usual = table.n_skills + 1, scale.tables
    cell = scale.cells(roles)
    asked, alone = usual.asked.take(cell), usual.alone.take(cell)
    mode = usual.logits.take(cell)
    mode += np.where(asked, bases.leads[:, 1:], bases.leads[:, :1])
    told, left = np.zeros(cell.shape), np.ones(cell.shape)
    # Every group has a last tag, and groups are in one order here and there.
    at = bases.learner * n_skills + bases.skill
    mode.ravel()[at] = bases.mode
    level = MIDDLE + mode / scale.logits_per_level
    shown = level.copy()
    spread = alone.ravel()[at] + scale.lead_variance + asked.ravel()[at] * scale.role_lead_variance
    told.ravel()[at] = mean_information(bases.own, bases.usual, spread)
    last = table.by_skill.last
    stays, fades = gains.sums[last].T
    passed = at_seconds[bases.learner] - gains.at_seconds[last]
    now = stays + np.exp2(passed / -gains.half_life_seconds) * fades
    level.ravel()[at] += rise(now)
    shown.ravel()[at] += rise(stays + fades)
    left.ravel()[at] = np.exp(-now)
    errors = _standard_errors(scale, told, alone, asked > 0)
    return LevelReading(
        level=level,
        shown=shown,
        deviation=errors / scale.logits_per_level,
        left=left,
        worth=_worth(table, scale, gains.half_life_seconds, at_seconds),
    )


def _standard_errors(
    scale: LevelScale,
    told: NDArray[np.float64],
    alone: NDArray[np.float64],
    is_asked: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the standard errors of learners' bases in every skill, (n, n_skills + 1), logits.

    Information travels along the tree as score functions do in `read_bases`.

    Parameters
    ----------
    told
        Information in the evidence of each skill.
    alone
        Variance of the base around its lead.
    """
    of_lead = told / (1.0 + told * alone)
    of_role = of_lead * is_asked
    role = of_role.sum(axis=1, keepdims=True)
    plain = (of_lead - of_role).sum(axis=1, keepdims=True)
    lead, further = scale.lead_variance, scale.role_lead_variance
    # Precision of the lead that the learner's other skills show, for skills of each kind.
    in_plain = 1.0 / lead + plain + role / (1.0 + role * further)
    in_role = 1.0 / (1.0 / (1.0 / lead + plain) + further) + role
    precision = np.where(is_asked, in_role, in_plain)
    precision -= of_lead
    doubt = np.divide(1.0, precision, out=precision)
    doubt += alone
    told = told + np.divide(1.0, doubt, out=doubt)
    np.sqrt(told, out=told)
    return np.divide(1.0, told, out=told)


def read_signs(
    table: AttemptTable, scale: LevelScale, roles: LearnerRoles, gains: Gains | None = None
) -> Signs:
    """Return what every tag says of the base in its skill.

    Parameters
    ----------
    roles
        Of the learners.
    gains
        Of the same table and scale, where they are at hand.
    """
    row, skill = table.tag_row, table.skill
    learner = table.learner[row]
    gains = add_gains(table, scale) if gains is None else gains
    gained = rise(gains.at(table.by_skill.before, table.at_seconds[row]))
    share, is_attempt = table.tag_share, table.is_attempt[row]
    usual = scale.tables.logits[scale.rows(roles.take(learner), skill), skill]
    scores = np.zeros((len(row), len(ANCHORS)))
    tried = is_attempt.nonzero()[0]
    of = row[tried]
    part = share[tried, None]
    hard = hardness(table, scale, gained)[of]
    others = np.bincount(row, share * usual, len(table))[of] - share[tried] * usual[tried]
    expected = sigmoid(part * ANCHORS + (others - hard)[:, None])
    scores[tried] = part * (table.success[of].astype(np.float64)[:, None] - expected)
    told = (table.module[row] < 0).nonzero()[0]
    if len(told):
        stated = scale.logits(table.level[row[told]] - gained[told])
        doubt = (scale.logits_per_level * table.standard_error[row[told]]) ** 2
        scores[told] = judgement_scores(stated, doubt)
    return Signs(group=table.by_skill.number, scores=scores)


def read_bases(table: AttemptTable, scale: LevelScale, roles: LearnerRoles, signs: Signs) -> Bases:
    """Return the base of every group, and every learner's leads.

    The prior of a base is the usual plus the lead that the learner's *other* skills show, so that
    no evidence is counted twice.
    """
    n, n_groups = table.n_learners, int(signs.group.max(initial=-1)) + 1
    learner, skill = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    learner[signs.group], skill[signs.group] = table.learner[table.tag_row], table.skill
    own = _sums(signs.scores, signs.group, n_groups)
    row = scale.rows(roles.take(learner), skill)
    tables = scale.tables
    asked, usual, alone = (
        tables.asked[row, skill],
        tables.logits[row, skill],
        tables.alone[row, skill],
    )
    told = message(own, usual, alone)
    kind = 2 * learner + asked
    shown = _sums(told, kind, 2 * n).reshape(n, 2, -1)
    plain, role = shown[:, 0], shown[:, 1]
    lead, further = scale.lead_variance, scale.role_lead_variance
    # The prior of each learner's leads: in skills not asked for, and in those asked for.
    lead_mean, lead_doubt = np.zeros((n, 2)), np.full((n, 2), lead)
    lead_mean[:, 1], lead_doubt[:, 1] = posterior(plain, 0.0, lead)
    lead_doubt[:, 1] += further
    plain += message(role, np.zeros(n), np.full(n, further))
    # What all other skills say of the lead in the group's kind of skill, and then what all say.
    of = np.concatenate((kind, np.arange(2 * n)))
    says = shown.reshape(2 * n, -1)[of]
    says[:n_groups] -= told
    leads, doubts = posterior(says, lead_mean.ravel()[of], lead_doubt.ravel()[of])
    mean, spread = usual + leads[:n_groups], doubts[:n_groups] + alone
    mode, variance = posterior(own, mean, spread)
    return Bases(
        own=own,
        learner=learner,
        skill=skill,
        row=row,
        usual=usual,
        prior_mean=mean,
        prior_variance=spread,
        mode=mode,
        variance=variance,
        leads=leads[n_groups:].reshape(n, 2),
    )


def rise(gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far gains that add up to `gained` lift a level: each is of what is left."""
    return np.asarray(-np.expm1(-gained))


def gains_at(
    table: AttemptTable,
    scale: LevelScale,
    tags: NDArray[np.int64],
    at_seconds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the gains up to and with some tags, as `Gains.at` does."""
    return add_gains(table, scale).at(tags, at_seconds)


def hardness(
    table: AttemptTable, scale: LevelScale, gained: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the base in logits at which success at each row is even, (n_rows,); 0 for judgements.

    Parameters
    ----------
    gained
        float64, (n_tags,), levels gained before; a row's success rests on its skills by weight.
    """
    difficulty = scale.hard_at[table.module]
    lift = np.bincount(table.tag_row, table.tag_share * gained, len(table))
    return np.asarray(scale.logits(difficulty - lift) - LOGIT_OF_MASTERY)


def add_gains(table: AttemptTable, scale: LevelScale) -> Gains:
    """Add up the gains of each learner in each skill."""
    row = table.tag_row
    at = table.at_seconds[row]
    half_life = scale.half_life_seconds if table.is_timed else np.inf
    added = _lessons(table.rested_seconds, scale, half_life)
    added *= scale.gained_by[table.module, None]
    added = added[row] * table.weight[:, None]
    if np.isinf(half_life):
        sums = table.by_skill.sums(added)
    else:
        fade = np.exp2(-_since_previous(table, at) / half_life)
        sums = table.by_skill.sums(added, 1.0, fade, slice(1, 2))
    return Gains(sums=sums, at_seconds=at, half_life_seconds=half_life)


def _lessons(
    rested: NDArray[np.float64], scale: LevelScale, half_life: float
) -> NDArray[np.float64]:
    """Return the parts of a gain that completions add, (n, 2): to what stays, to what fades.

    Parameters
    ----------
    rested
        float64, (n,), seconds since the module was last completed, inf where never.
    """
    first = rested == np.inf
    faded = np.where(first, 0.0, rested)
    faded *= -np.log(2.0) / half_life
    np.expm1(faded, out=faded)
    lessons = np.empty((len(rested), 2))
    np.multiply(first, scale.kept_share, out=lessons[:, 0])
    np.multiply(np.where(first, -1.0, faded), scale.kept_share - 1.0, out=lessons[:, 1])
    return lessons


def _worth(
    table: AttemptTable, scale: LevelScale, half_life: float, at_seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what one more completion would add, of the module's gain, (n_learners, n_modules)."""
    worth = np.ones((table.n_learners, len(scale.gain)))
    done = (table.rested_seconds > 0).nonzero()[0]
    learner = table.learner[done]
    since = at_seconds[learner] - table.at_seconds[done]
    # Rows are in order of time: the last one stays.
    worth[learner, table.module[done]] = _lessons(since, scale, half_life).sum(axis=1)
    return worth


def _since_previous(table: AttemptTable, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds between each tag and the one before it in its learner and skill."""
    previous = table.by_skill.previous
    return np.where(previous >= 0, at - at[previous], 0.0)


def _sums(
    values: NDArray[np.float64], group: NDArray[np.int64], n_groups: int
) -> NDArray[np.float64]:
    """Add up rows by group, (n_groups, n_columns), in the order of rows."""
    if len(values) > FEW_ROWS:
        return np.column_stack([np.bincount(group, column, n_groups) for column in values.T])
    # The same additions in one call, for a learner at a time.
    n_columns = values.shape[1]
    cell = (group * n_columns)[:, None] + np.arange(n_columns)
    sums = np.bincount(cell.ravel(), values.ravel(), n_groups * n_columns)
    return sums.astype(np.float64).reshape(n_groups, n_columns)
