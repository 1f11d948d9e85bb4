"""Levels of learners in skills: what is usual in the role, shown by evidence, gained and kept.

level(t) = base + 1 − exp(−G(t)). The base is constant: a normal prior around what is usual in the
learner's role and skill, moved together in all skills by the learner's own lead and then by the
evidence in the skill. G adds up the gains of completed modules, of which a share stays and the
rest fades by halves; each gain is of what is left to gain, and completing a module again brings
back what has faded of its own. Every attempt is measured against what
had been gained by then, so that forgetting takes away what was gained and nothing else.

Score functions (see `ability.py`) are sums over evidence and rise with every success, at every
anchor; both steps keep that order, so a success can lower no level.

References
----------
Rasch, G. (1960). Probabilistic models for some intelligence and attainment tests.
Wixted, J. T., & Ebbesen, E. B. (1991). On the form of forgetting (what levels off).
Liang, K.-Y. & Zeger, S. (1986). Longitudinal data analysis using generalized linear models (sums
of scores under a working independence).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import (
    ANCHORS,
    LOGIT_OF_MASTERY,
    attenuation,
    judgement_scores,
    mean_information,
    posterior,
    sigmoid,
)
from features.encode.attempts import AttemptTable

MIDDLE = 0.5  # the level that is 0 logits
FEW_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class LevelScale:
    """What levels are read with, modules and skills in the order of an index.

    Attributes
    ----------
    difficulty, gain
        float64, (n_modules,), levels: where p_success is .75, and the rise from one completion.
    usual, usual_variance
        float64, (n_roles + 1, n_skills + 1): levels of base, and how well they are known, logits²;
        the last row is for other roles.
    logits_per_level
        Log odds of success per unit of (level − difficulty).
    lead_variance, skill_variance
        Of what a learner's base has over the usual in all skills, and in one skill; logits².
    half_life_seconds, kept_share
        Of what was gained, `kept_share` stays, the rest halves in this time (inf: nothing fades).
    """

    difficulty: NDArray[np.float64]
    gain: NDArray[np.float64]
    usual: NDArray[np.float64]
    usual_variance: NDArray[np.float64]
    logits_per_level: float
    lead_variance: float
    skill_variance: float
    half_life_seconds: float
    kept_share: float

    def logits(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return levels as logits around the middle of the scale."""
        return np.asarray(self.logits_per_level * (level - MIDDLE))


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
    own, lead
        float64, (n_tags, n_anchors): score functions of the base in the skill, and of the lead.
    """

    group: NDArray[np.int64]
    own: NDArray[np.float64]
    lead: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bases:
    """Bases of n groups (learner × skill) in logits: prior mean, posterior mode and variances.

    `own` is float64, (n, n_anchors): the score functions of what was shown in the skill itself.
    """

    own: NDArray[np.float64]
    learner: NDArray[np.int64]
    skill: NDArray[np.int64]
    prior_mean: NDArray[np.float64]
    prior_variance: NDArray[np.float64]
    mode: NDArray[np.float64]
    variance: NDArray[np.float64]
    lead: NDArray[np.float64]
    lead_variance: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LevelReading:
    """One learner's levels in every skill (the last entry: untagged), float64, (n_skills + 1,).

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
        In [0,1], (n_modules,): the part of its gain that completing each module now would add; 1
        for the first time, afterwards what has faded of it.
    """

    level: NDArray[np.float64]
    shown: NDArray[np.float64]
    deviation: NDArray[np.float64]
    left: NDArray[np.float64]
    worth: NDArray[np.float64]


def read_levels(
    table: AttemptTable, scale: LevelScale, role: int, at_seconds: float
) -> LevelReading:
    """Return the levels of the one learner of `table` at an instant that no row is after.

    Parameters
    ----------
    role
        Row of `scale.usual`.
    """
    roles, gains = np.array([role]), add_gains(table, scale)
    signs = read_signs(table, scale, roles, gains)
    bases = read_bases(table, scale, roles, signs)
    usual = scale.logits(scale.usual[role])
    mode = usual + bases.lead[0]
    mode[bases.skill] = bases.mode
    now, then = np.zeros(len(usual)), np.zeros(len(usual))
    last = table.by_skill.last
    skill, row = table.skill[last], table.tag_row[last]
    then[skill] = gains.at(last, table.at_seconds[row])
    now[skill] = gains.at(last, np.full(len(last), at_seconds))
    base = MIDDLE + mode / scale.logits_per_level
    return LevelReading(
        level=base + rise(now),
        shown=base + rise(then),
        deviation=_standard_errors(scale, role, signs, bases) / scale.logits_per_level,
        left=np.exp(-now),
        worth=_worth(table, scale, gains.half_life_seconds, at_seconds),
    )


def _standard_errors(
    scale: LevelScale, role: int, signs: Signs, bases: Bases
) -> NDArray[np.float64]:
    """Return the standard error of one learner's base in every skill, (n_skills + 1,), logits.

    What other skills tell of the lead narrows the prior, as in `read_bases`.
    """
    usual, own_variance = scale.logits(scale.usual[role]), scale.usual_variance[role]
    lead = _sums(signs.lead, signs.group, len(bases.skill))
    told_of_lead, told = np.zeros(len(usual)), np.zeros(len(usual))
    told_of_lead[bases.skill] = mean_information(lead, 0.0, scale.lead_variance)
    spread = scale.lead_variance + scale.skill_variance + own_variance[bases.skill]
    told[bases.skill] = mean_information(bases.own, usual[bases.skill], spread)
    elsewhere = told_of_lead.sum() - told_of_lead
    doubt = 1.0 / (1.0 / scale.lead_variance + elsewhere)
    prior = 1.0 / (doubt + scale.skill_variance + own_variance)
    return np.asarray(1.0 / np.sqrt(prior + told))


def read_signs(
    table: AttemptTable,
    scale: LevelScale,
    role: NDArray[np.int64],
    gains: Gains | None = None,
) -> Signs:
    """Return what every tag says of base and lead.

    Parameters
    ----------
    role
        int64, (n_learners,): rows of `scale.usual`.
    gains
        Of the same table and scale, where they are at hand.
    """
    row, skill = table.tag_row, table.skill
    learner, module = table.learner[row], table.module[row]
    gains = add_gains(table, scale) if gains is None else gains
    gained = rise(gains.at(table.by_skill.before, table.at_seconds[row]))
    share = tag_shares(table)
    usual = scale.logits(scale.usual[role[learner], skill])
    own = np.zeros((len(row), len(ANCHORS)))
    lead = np.zeros_like(own)
    tried = np.flatnonzero(table.is_attempt[row])
    success = table.success[row[tried]].astype(np.float64)
    hard = hardness(table, scale, gained)[row[tried]]
    part = share[tried, None]
    others = np.bincount(row, share * usual, len(table))[row[tried]] - share[tried] * usual[tried]
    own[tried] = part * (success[:, None] - sigmoid(part * ANCHORS + (others - hard)[:, None]))
    flat = float(attenuation(np.array(scale.skill_variance)))
    expected = sigmoid(flat * (ANCHORS + (others + share[tried] * usual[tried] - hard)[:, None]))
    lead[tried] = (flat * part) * (success[:, None] - expected)
    told = np.flatnonzero(module < 0)
    stated = scale.logits(table.level[row[told]] - gained[told])
    doubt = (scale.logits_per_level * table.standard_error[row[told]]) ** 2
    own[told] = judgement_scores(stated, doubt)
    lead[told] = judgement_scores(stated - usual[told], doubt + scale.skill_variance)
    key = learner * (table.n_skills + 1) + skill
    return Signs(
        group=np.unique(key, return_inverse=True)[1],
        own=own,
        lead=lead,
    )


def read_bases(
    table: AttemptTable, scale: LevelScale, role: NDArray[np.int64], signs: Signs
) -> Bases:
    """Return the base of every group, and every learner's lead.

    The prior of a base is the usual plus the lead that the learner's *other* skills show, so that
    no evidence is counted twice.
    """
    n_groups = int(signs.group.max(initial=-1)) + 1
    learner, skill = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    learner[signs.group], skill[signs.group] = table.learner[table.tag_row], table.skill
    own, lead = _sums(signs.own, signs.group, n_groups), _sums(signs.lead, signs.group, n_groups)
    overall = _sums(lead, learner, table.n_learners)
    elsewhere, doubt = posterior(overall[learner] - lead, 0.0, scale.lead_variance)
    mean = scale.logits(scale.usual[role[learner], skill]) + elsewhere
    spread = doubt + scale.skill_variance + scale.usual_variance[role[learner], skill]
    mode, variance = posterior(own, mean, spread)
    all_lead, all_doubt = posterior(overall, 0.0, scale.lead_variance)
    return Bases(
        own=own,
        learner=learner,
        skill=skill,
        prior_mean=mean,
        prior_variance=spread,
        mode=mode,
        variance=variance,
        lead=all_lead,
        lead_variance=all_doubt,
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
    difficulty = np.append(scale.difficulty, MIDDLE)[table.module]
    lift = np.bincount(table.tag_row, tag_shares(table) * gained, len(table))
    return np.asarray(scale.logits(difficulty - lift) - LOGIT_OF_MASTERY)


def tag_shares(table: AttemptTable) -> NDArray[np.float64]:
    """Return weights of tags that sum to 1 in every row."""
    total = np.bincount(table.tag_row, table.weight, len(table))
    return np.asarray(table.weight / total[table.tag_row])


def add_gains(table: AttemptTable, scale: LevelScale) -> Gains:
    """Add up the gains of each learner in each skill."""
    row = table.tag_row
    at = table.at_seconds[row]
    half_life = scale.half_life_seconds if table.is_timed else np.inf
    added = _lessons(table.rested_seconds, scale, half_life)
    added *= np.append(scale.gain, 0.0)[table.module, None]
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
    first = np.isinf(rested)
    faded = np.where(first, 1.0, -np.expm1(-np.log(2.0) * np.where(first, 0.0, rested) / half_life))
    return np.column_stack([scale.kept_share * first, (1.0 - scale.kept_share) * faded])


def _worth(
    table: AttemptTable, scale: LevelScale, half_life: float, at_seconds: float
) -> NDArray[np.float64]:
    """Return what one more completion of each module would add, of its gain, (n_modules,)."""
    worth = np.ones(len(scale.gain))
    done = table.rested_seconds > 0
    modules, place = np.unique(table.module[done], return_inverse=True)
    last = np.zeros(len(modules))
    np.maximum.at(last, place, table.at_seconds[done])
    lessons = _lessons(at_seconds - last, scale, half_life)
    worth[modules] = lessons.sum(axis=1)
    return worth


def _since_previous(table: AttemptTable, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds between each tag and the one before it in its learner and skill."""
    key = table.learner[table.tag_row] * (table.n_skills + 1) + table.skill
    order = np.argsort(key, kind="stable")
    passed = np.zeros(len(key))
    same = key[order[1:]] == key[order[:-1]]
    passed[order[1:]] = np.where(same, at[order[1:]] - at[order[:-1]], 0.0)
    return passed


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
