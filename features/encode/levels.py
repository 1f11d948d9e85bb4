"""Levels of learners in skills: what is usual in the role, shown by evidence, gained and kept.

level(t) = base + 1 − exp(−G(t, base)). The base is constant. Its prior is a tree: what is usual in
the role and skill, the learner's lead over that in all skills, a further lead in the skills that
the learner's role or goal asks for, and the skill's own difference. G adds up the gains of modules
(see `gains.py`), of which a share stays and the rest fades by halves; each gain is of what is left
to gain, and completing a module again brings back what has faded of its own. Every attempt is
measured against what had been gained by then, so that forgetting takes away what was gained and
nothing else.

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
    mean_information,
    message,
    posterior,
    sigmoid,
)
from features.encode.attempts import AttemptTable
from features.encode.gains import Gains, add_gains, completions, rise, starting_from
from features.encode.level_scale import MIDDLE, LearnerRoles, LevelScale

FEW_ROWS = 5_000


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
        Now, ≥ 0; over 1 where evidence is extreme.
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
    bases = read_bases(table, scale, roles, read_signs(table, scale, roles))
    n_skills, usual = table.n_skills + 1, scale.tables
    cell = scale.cells(roles)
    asked, alone = usual.asked.take(cell), usual.alone.take(cell)
    mode = usual.logits.take(cell)
    mode += np.where(asked, bases.leads[:, 1:], bases.leads[:, :1])
    told, left = np.zeros(cell.shape), np.ones(cell.shape)
    # Every group has a last tag, and groups are in one order here and there.
    at = bases.learner * n_skills + bases.skill
    mode.ravel()[at] = bases.mode
    # Gains count from the bottom of the scale: from beneath it, they would seem to close no gap.
    np.maximum(mode, -MIDDLE * scale.logits_per_level, out=mode)
    level = MIDDLE + mode / scale.logits_per_level
    shown = level.copy()
    spread = alone.ravel()[at] + scale.lead_variance + asked.ravel()[at] * scale.role_lead_variance
    told.ravel()[at] = mean_information(bases.own, bases.usual, spread)
    last = table.by_skill.last
    gains = add_gains(table, scale, mode.ravel()[at][:, None])
    now = gains.at(last, at_seconds[bases.learner])[:, 0]
    level.ravel()[at] += rise(now)
    shown.ravel()[at] += rise(gains.sums[last].sum(axis=1)[:, 0])
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
    gained = gains.at(table.by_skill.before, table.at_seconds[row])
    usual = scale.tables.logits[scale.rows(roles.take(learner), skill), skill]
    risen = risen_from(gained, scale)
    scores = np.zeros((len(row), len(ANCHORS)))
    tried = table.is_attempt[row].nonzero()[0]
    of, share = row[tried], table.tag_share
    # The other skills of a module are taken to be as usual.
    others = share * (usual + scale.logits_per_level * rise(starting_from(gained, usual)))
    known = np.bincount(row, others, len(table))[of] - others[tried]
    part = share[tried, None]
    ease = part * risen[tried] + (known - hardness(table, scale)[of])[:, None]
    scores[tried] = part * (table.success[of].astype(np.float64)[:, None] - sigmoid(ease))
    told = (table.module[row] < 0).nonzero()[0]
    if len(told):
        stated = scale.logits(table.level[row[told]])[:, None]
        doubt = (scale.logits_per_level * table.standard_error[row[told]]) ** 2
        scores[told] = (stated - risen[told]) / doubt[:, None]
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


def risen_from(gained: NDArray[np.float64], scale: LevelScale) -> NDArray[np.float64]:
    """Return levels in logits after gains, by the base they start from, (n, n_anchors).

    Who starts higher is nowhere lower, however little there was left to learn.
    """
    risen = ANCHORS + scale.logits_per_level * rise(gained)
    return np.asarray(np.maximum.accumulate(risen, axis=1))


def hardness(table: AttemptTable, scale: LevelScale) -> NDArray[np.float64]:
    """Return the level in logits at which success at each row is even, (n_rows,)."""
    return np.asarray(scale.logits(scale.hard_at[table.module]) - LOGIT_OF_MASTERY)


def _worth(
    table: AttemptTable, scale: LevelScale, half_life: float, at_seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what one more completion would add, of the module's gain, (n_learners, n_modules)."""
    worth = np.ones((table.n_learners, len(scale.gain)))
    done = (table.rested_seconds > 0).nonzero()[0]
    learner = table.learner[done]
    since = at_seconds[learner] - table.at_seconds[done]
    # Rows are in order of time: the last one stays.
    worth[learner, table.module[done]] = completions(since, scale, half_life).sum(axis=1)
    return worth


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
