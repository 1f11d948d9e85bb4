"""How reliable each source of judgements is: estimated, not assumed.

Learners whose skill was both judged and tried, or judged several times, tell. What their results
say of a level at the instant of a judgement, judgements left out, is a normal prior of that level;
each judgement is level + bias + noise; and what several judges say of one learner's skill is
explained by one level. Parameters are the mode of the marginal posterior, found by EM with the
levels as what is hidden, so that doubt about levels is not taken for noise of judges.

Biases are measured from assessments. Results may read too low or too high as a whole, by choice of
modules for instance, and that must not be charged to every judge: it has a parameter of its own.

Where few judgements are at hand, parameters stay near what `features.encode.reliability` assumes.
A source with few of them is pooled with the other rare ones, so no snapshot names a single person.

References
----------
Dempster, A., Laird, N. & Rubin, D. (1977). Maximum likelihood from incomplete data via the EM
algorithm.
Laird, N. & Ware, J. (1982). Random-effects models for longitudinal data.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import AttemptTable, EvidenceLog
from features.encode.gains import add_gains, rise, starting_from
from features.encode.level_scale import MIDDLE, LevelScale
from features.encode.levels import read_bases, read_signs
from features.encode.reliability import Reliability, assumed_reliability
from training.success.usual import Roles

FEWEST_JUDGEMENTS, FEWEST_LEARNERS = 20, 10  # of a source that is told apart
PRIOR_JUDGEMENTS = 10.0  # what the assumed spread counts for
STANDARD = "assessment"  # what biases are measured from
BIAS_DOUBT, STANDARD_BIAS_DOUBT = 0.1, 0.01  # levels: how far a bias may lie from 0
LEAST_DEVIATION = 0.02  # levels
N_STEPS, SETTLED = 500, 1e-7


@dataclass(frozen=True, kw_only=True)
class ReliabilityFit:
    """What was found, by source in the order of `reliability.source_ids`; the last: all others.

    Attributes
    ----------
    reliability
        What goes into a snapshot.
    n_judgements
        int64: how many told.
    bias_standard_error
        float64, levels.
    results_bias
        How far results read above what judges agree on, in levels.
    """

    reliability: Reliability
    n_judgements: NDArray[np.int64]
    bias_standard_error: NDArray[np.float64]
    results_bias: float

    def in_words(self) -> str:
        """Return bias ± deviation of every source, in levels, and how many judgements told."""
        found = self.reliability
        columns = (found.bias.tolist(), found.deviation.tolist(), self.n_judgements.tolist())
        return "; ".join(
            f"{source} {bias:+.2f} ± {deviation:.2f} ({n:,} judgements)"
            for source, bias, deviation, n in zip(
                [*found.source_ids.tolist(), "others"], *columns, strict=True
            )
            if n
        )


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """Judgements, and what results say of the levels they judge.

    Attributes
    ----------
    group, source
        int64, (n,): learner × skill, and place of the source.
    stated, gained
        float64, (n,), levels: the statement, and what completions had added to the base by then.
    mean, variance
        float64, (n_groups,), levels: of the base, from results alone.
    """

    group: NDArray[np.int64]
    source: NDArray[np.int64]
    stated: NDArray[np.float64]
    gained: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Judges:
    """Bias and variance by source, float64, (n_sources + 1,), and how far results read too low."""

    bias: NDArray[np.float64]
    variance: NDArray[np.float64]
    shift: float


def fit_reliability(
    table: AttemptTable, evidence: EvidenceLog, scale: LevelScale, roles: Roles
) -> ReliabilityFit:
    """Estimate what judgements of each source are worth.

    Parameters
    ----------
    table
        Attempts and judgements of training learners.
    evidence
        The judgements in it.
    scale
        What levels are read with; what is usual should come from results, not from judgements.
    roles
        Of the learners.
    """
    assumed = _assumed(_told_apart(evidence))
    judged = _compare(table, evidence, scale, roles, assumed)
    judges = start = _Judges(bias=assumed.bias, variance=assumed.deviation**2, shift=0.0)
    doubt = np.full(len(start.bias), BIAS_DOUBT)
    doubt[:-1][assumed.source_ids == STANDARD] = STANDARD_BIAS_DOUBT
    for _ in range(N_STEPS):
        last, judges = judges, _step(judged, judges, start.variance, doubt)
        if np.abs(judges.variance - last.variance).max() < SETTLED:
            break
    spread = judges.variance[judged.source] + judged.variance[judged.group]
    told = np.bincount(judged.source, 1.0 / spread, len(doubt))
    return ReliabilityFit(
        reliability=replace(assumed, bias=judges.bias, deviation=np.sqrt(judges.variance)),
        n_judgements=np.bincount(judged.source, minlength=len(doubt)),
        bias_standard_error=(told + doubt**-2) ** -0.5,
        results_bias=-judges.shift,
    )


def read_again(
    table: AttemptTable, evidence: EvidenceLog, reliability: Reliability
) -> AttemptTable:
    """Return the table with its judgements read by another reliability."""
    told = table.evidence_row >= 0
    row = table.evidence_row[told]
    level, doubt = table.level.copy(), table.standard_error.copy()
    level[told], doubt[told] = reliability.read(evidence.source[row], evidence.level[row])
    return replace(table, level=level, standard_error=doubt)


def _told_apart(evidence: EvidenceLog) -> NDArray[np.str_]:
    """Return sources with enough judgements of enough learners, sorted."""
    source_ids, source = np.unique(evidence.source, return_inverse=True)
    pairs = np.unique(np.column_stack([source, evidence.learner]), axis=0)
    learners = np.bincount(pairs[:, 0], minlength=len(source_ids))
    enough = np.bincount(source, minlength=len(source_ids)) >= FEWEST_JUDGEMENTS
    return source_ids[enough & (learners >= FEWEST_LEARNERS)]


def _assumed(source_ids: NDArray[np.str_]) -> Reliability:
    """Return what is assumed of some sources, and of the others."""
    known = assumed_reliability()
    place = np.append(known.positions(source_ids), len(known.source_ids))
    return Reliability(
        source_ids=source_ids, bias=known.bias[place], deviation=known.deviation[place]
    )


def _compare(
    table: AttemptTable,
    evidence: EvidenceLog,
    scale: LevelScale,
    roles: Roles,
    assumed: Reliability,
) -> _Judged:
    """Put judgements beside what results alone say, where there are results or other judgements."""
    row = table.tag_row
    is_told = table.module[row] < 0
    signs = read_signs(table, scale, roles.of_learner)
    results = ~is_told[:, None]
    signs = replace(signs, scores=signs.scores * results)
    bases = read_bases(table, scale, roles.of_learner, signs)
    n_groups = len(bases.mode)
    tried = np.bincount(signs.group[table.is_attempt[row]], minlength=n_groups) > 0
    often = np.bincount(signs.group[is_told], minlength=n_groups) > 1
    told = np.flatnonzero(is_told & (tried | often)[signs.group])
    used, group = np.unique(signs.group[told], return_inverse=True)
    at = table.at_seconds[row[told]]
    rows = table.evidence_row[row[told]]
    gained = add_gains(table, scale).at(table.by_skill.before[told], at)
    return _Judged(
        group=group,
        source=assumed.positions(evidence.source[rows]),
        stated=evidence.level[rows],
        gained=rise(starting_from(gained, bases.mode[signs.group[told]])),
        mean=MIDDLE + bases.mode[used] / scale.logits_per_level,
        variance=bases.variance[used] / scale.logits_per_level**2,
    )


def _step(
    judged: _Judged,
    judges: _Judges,
    assumed_variance: NDArray[np.float64],
    doubt: NDArray[np.float64],
) -> _Judges:
    """Return the parameters after one step of EM; `doubt` is of biases, in levels."""
    n_sources = len(doubt)
    spread = judges.variance[judged.source]
    spoken = judged.stated - judges.bias[judged.source] - judged.gained
    n_groups = len(judged.mean)
    trust = 1.0 / judged.variance
    precision = trust + np.bincount(judged.group, 1.0 / spread, n_groups)
    pull = np.bincount(judged.group, spoken / spread, n_groups)
    base = (trust * (judged.mean + judges.shift) + pull) / precision
    off = judged.stated - judged.gained - base[judged.group]
    count = np.bincount(judged.source, minlength=n_sources)
    bias = np.bincount(judged.source, off, n_sources)
    bias /= count + judges.variance * doubt**-2
    squares = (off - bias[judged.source]) ** 2 + (1.0 / precision)[judged.group]
    variance = PRIOR_JUDGEMENTS * assumed_variance + np.bincount(judged.source, squares, n_sources)
    shift = np.sum(trust * (base - judged.mean)) / (np.sum(trust) + BIAS_DOUBT**-2)
    return _Judges(
        bias=bias,
        variance=np.maximum(variance / (PRIOR_JUDGEMENTS + count), LEAST_DEVIATION**2),
        shift=float(shift),
    )
