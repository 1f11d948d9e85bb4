"""What speaks of a learner's skills, as one table: attempts, completions, direct judgements.

An attempt is a judged interaction and always one row, however many skills its module has; its
skills are *tags* in a second table. What is known before a row is what happened at strictly
earlier instants: attempts at one instant do not see one another's results, since a quiz often
reports all its answers at once. How long ago that was is read as of when the row began, which is
when a recommendation is asked for. Where `at` are ordinals, the order of rows alone counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event, Evidence
from features.encode.beginnings import begun_at
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, InteractionLog
from features.encode.ranks import RankedGroups, rank_groups
from features.encode.reliability import Reliability, assumed_reliability
from features.encode.skills import ModuleSkillIndex, spans

_ANSWERED = EVENT_CODES[Event.ANSWERED]
_WAIVED = EVENT_CODES[Event.WAIVED]
CHUNK_ROWS = 30_000  # as fast as larger ones or faster: their columns fit into a cache


@dataclass(frozen=True, kw_only=True)
class EvidenceLog:
    """Direct judgements of skills, in any order; all arrays have n rows.

    Attributes
    ----------
    learner, skill
        int32, positions in the log's `learner_ids` and the index's `skill_ids`.
    source
        Unicode.
    level
        float64, as stated, in [0,1].
    at_seconds
        float64.
    """

    learner: NDArray[np.int32]
    skill: NDArray[np.int32]
    source: NDArray[np.str_]
    level: NDArray[np.float64]
    at_seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learner)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "EvidenceLog":
        """Return the judgements where `rows` is true, or those it numbers, in its order."""
        return EvidenceLog(
            learner=self.learner[rows],
            skill=self.skill[rows],
            source=self.source[rows],
            level=self.level[rows],
            at_seconds=self.at_seconds[rows],
        )

    def take_learners(self, chosen: NDArray[np.bool_]) -> "EvidenceLog":
        """Return the judgements of the learners where `chosen` is true, numbered anew."""
        kept = chosen[self.learner]
        return EvidenceLog(
            learner=(np.cumsum(chosen) - 1)[self.learner[kept]].astype(np.int32),
            skill=self.skill[kept],
            source=self.source[kept],
            level=self.level[kept],
            at_seconds=self.at_seconds[kept],
        )


def encode_evidence(
    judgements: Iterable[Evidence], learner_ids: IdMap, skill_ids: IdMap
) -> EvidenceLog:
    """Encode direct judgements; those of learners or skills outside the maps are left out."""
    learner_of, skill_of = learner_ids.index_of, skill_ids.index_of
    rows = [
        (learner, skill, judgement.source, judgement.level, judgement.at.timestamp())
        for judgement in judgements
        if (learner := learner_of.get(judgement.learner_id)) is not None
        and (skill := skill_of.get(judgement.skill_id)) is not None
    ]
    of, about, source, level, at = zip(*rows, strict=True) if rows else ((),) * 5
    return EvidenceLog(
        learner=np.array(of, dtype=np.int32),
        skill=np.array(about, dtype=np.int32),
        source=np.array(source, dtype=np.str_),
        level=np.array(level, dtype=np.float64),
        at_seconds=np.array(at, dtype=np.float64),
    )


@dataclass(frozen=True, kw_only=True)
class AttemptTable:
    """Rows in order of learner and instant, and their tags (row × skill).

    Attributes
    ----------
    n_learners, n_skills
        Sizes; skill `n_skills` stands for "untagged".
    log
        What the rows were collected from.
    is_timed
        Whether instants are points in time.
    learner, module
        int64, (n,); module −1 for direct judgements.
    at_seconds
        float64, (n,).
    success
        int8, (n,): 1, 0, or −1 for rows that are no attempt.
    grade
        float64, (n,): the score where there is one, else success; 0 for rows that are no attempt.
    is_study
        bool, (n,): the module was completed without being judged.
    rested_seconds
        float64, (n,): of completions, how long ago the learner last completed the module, inf at
        the first; 0 of other rows. Answering a question completes nothing.
    is_failed
        bool, (n,): a module was tried and not passed; questions are no modules.
    log_row, evidence_row
        int64, (n,): row of the log, −1 for direct judgements; row of these, −1 for the others.
    level, standard_error
        float64, (n,): of direct judgements, as read; NaN elsewhere.
    indptr, skill, weight
        Tags of row i are indptr[i]:indptr[i + 1]; every row has at least one.
    """

    n_learners: int
    n_skills: int
    log: InteractionLog
    is_timed: bool
    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    at_seconds: NDArray[np.float64]
    success: NDArray[np.int8]
    grade: NDArray[np.float64]
    is_study: NDArray[np.bool_]
    rested_seconds: NDArray[np.float64]
    is_failed: NDArray[np.bool_]
    log_row: NDArray[np.int64]
    evidence_row: NDArray[np.int64]
    level: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    indptr: NDArray[np.int64]
    skill: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learner)

    @cached_property
    def is_attempt(self) -> NDArray[np.bool_]:
        """Rows that judge a module."""
        return self.success >= 0

    @cached_property
    def tag_row(self) -> NDArray[np.int64]:
        """The row of each tag."""
        return np.arange(len(self)).repeat(self.indptr[1:] - self.indptr[:-1])

    @cached_property
    def tag_share(self) -> NDArray[np.float64]:
        """Weights of tags that sum to 1 in every row."""
        total = np.bincount(self.tag_row, self.weight, len(self))
        return np.asarray(self.weight / total[self.tag_row])

    @cached_property
    def begun_at_seconds(self) -> NDArray[np.float64]:
        """float64, (n,): when each began, not before the learner's row before; of ordinals, `at`.

        What a row is foretold from ends with that row before: asked about any sooner, a learner
        would know less.
        """
        if not self.is_timed:
            return self.at_seconds
        before, told = self.by_learner.before, (self.log_row >= 0).nonzero()[0]
        earliest = np.where(before >= 0, self.at_seconds[before], -np.inf)
        begun = self.at_seconds.copy()
        begun[told] = begun_at(self.log, self.log_row[told], earliest[told])
        return begun

    @property
    def _instants(self) -> NDArray[np.float64] | None:
        return self.at_seconds if self.is_timed else None

    @cached_property
    def by_learner(self) -> RankedGroups:
        """Rows by learner."""
        return rank_groups(self.learner, self._instants)

    @cached_property
    def by_skill(self) -> RankedGroups:
        """Tags by learner and skill."""
        row, instants = self.tag_row, self._instants
        key = self.learner[row] * (self.n_skills + 1) + self.skill
        return rank_groups(key, None if instants is None else instants[row])

    @cached_property
    def by_module(self) -> RankedGroups:
        """Rows by learner and module; direct judgements are a module of their own."""
        n_modules = int(self.module.max(initial=-1)) + 2
        return rank_groups(self.learner * n_modules + self.module + 1, self._instants)


def tabulate(
    log: InteractionLog,
    index: ModuleSkillIndex,
    evidence: EvidenceLog | None = None,
    reliability: Reliability | None = None,
) -> AttemptTable:
    """Collect attempts, completions and direct judgements of the learners of `log`.

    Parameters
    ----------
    log
        Its `module_ids` are those of `index`.
    index
        Skills of the modules.
    evidence
        Direct judgements of the same learners; one at the instant of an attempt comes after it.
    reliability
        What judgements are worth; what is assumed of them where absent.
    """
    rows = _told(log, index)
    if evidence is None or len(evidence) == 0:
        return rows
    read, doubt = (reliability or assumed_reliability()).read(evidence.source, evidence.level)
    return _with_judgements(rows, evidence, read, doubt)


def _told(log: InteractionLog, index: ModuleSkillIndex) -> AttemptTable:
    """Return the attempts and completions of a log; what was waived taught nothing."""
    rows = (((log.success >= 0) | log.done) & (log.event != _WAIVED)).nonzero()[0]
    success, score = log.success[rows], log.score[rows]
    is_attempt = success >= 0
    graded = np.where(np.isnan(score), success, score)
    indptr, skill, weight = index.tagged
    own = log.module[rows].astype(np.int64)
    starts = indptr[own]
    lengths = indptr[own + 1] - starts
    tags = spans(starts, lengths)
    pointers = np.zeros(len(rows) + 1, dtype=np.int64)
    lengths.cumsum(out=pointers[1:])
    unlevelled = np.full(len(rows), np.nan)
    return AttemptTable(
        n_learners=log.n_learners,
        n_skills=len(index.skill_ids),
        log=log,
        is_timed=log.is_timed,
        learner=log.learner[rows].astype(np.int64),
        module=own,
        at_seconds=log.at_seconds[rows],
        success=success,
        grade=np.where(is_attempt, graded, 0.0),
        is_study=~is_attempt,
        rested_seconds=_rested_seconds(log, rows),
        is_failed=(success == 0) & (log.event[rows] != _ANSWERED),
        log_row=rows,
        evidence_row=np.full(len(rows), -1),
        level=unlevelled,
        standard_error=unlevelled,
        indptr=pointers,
        skill=skill[tags],
        weight=weight[tags],
    )


def _with_judgements(
    table: AttemptTable,
    judged: EvidenceLog,
    read: NDArray[np.float64],
    doubt: NDArray[np.float64],
) -> AttemptTable:
    """Return a table with direct judgements, as read, among its rows, after those they tie with."""
    n = len(judged)
    learner = np.concatenate((table.learner, judged.learner), dtype=np.int64)
    at_seconds = np.concatenate((table.at_seconds, judged.at_seconds))
    order = np.lexsort((at_seconds, learner))
    none, nought = np.full(n, -1), np.zeros(n)

    def merged[T: np.generic](own: NDArray[T], others: NDArray[Any]) -> NDArray[T]:
        return np.concatenate((own, others), dtype=own.dtype)[order]

    starts, n_tags = table.indptr[:-1], int(table.indptr[-1])
    lengths = merged(table.indptr[1:] - starts, np.ones(n, dtype=np.int64))
    tags = spans(merged(starts, np.arange(n_tags, n_tags + n)), lengths)
    pointers = np.zeros(len(order) + 1, dtype=np.int64)
    lengths.cumsum(out=pointers[1:])
    return AttemptTable(
        n_learners=table.n_learners,
        n_skills=table.n_skills,
        log=table.log,
        is_timed=table.is_timed,
        learner=learner[order],
        module=merged(table.module, none),
        at_seconds=at_seconds[order],
        success=merged(table.success, none),
        grade=merged(table.grade, nought),
        is_study=merged(table.is_study, np.zeros(n, dtype=bool)),
        rested_seconds=merged(table.rested_seconds, nought),
        is_failed=merged(table.is_failed, np.zeros(n, dtype=bool)),
        log_row=merged(table.log_row, none),
        evidence_row=merged(table.evidence_row, np.arange(n)),
        level=merged(table.level, read),
        standard_error=merged(table.standard_error, doubt),
        indptr=pointers,
        skill=np.concatenate((table.skill, judged.skill), dtype=np.int64)[tags],
        weight=np.concatenate((table.weight, np.ones(n)))[tags],
    )


def tabulate_in_chunks(
    log: InteractionLog,
    index: ModuleSkillIndex,
    evidence: EvidenceLog | None = None,
    reliability: Reliability | None = None,
    *,
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[tuple[slice, AttemptTable]]:
    """Yield tables of successive learners, about `chunk_rows` interactions each.

    Yields
    ------
    tuple
        The slice of the log's rows that the table's `log_row` counts from, and the table.
    """
    judged = None
    if evidence is not None:
        judged = evidence.take(np.argsort(evidence.learner, kind="stable"))
    first = 0
    while first < log.n_learners:
        end = int(np.searchsorted(log.starts, log.starts[first] + chunk_rows, side="right")) - 1
        end = min(max(end, first + 1), log.n_learners)
        rows = slice(int(log.starts[first]), int(log.starts[end]))
        part = None if judged is None else _judged_between(judged, first, end)
        yield rows, tabulate(_learners_between(log, first, end), index, part, reliability)
        first = end


def _judged_between(by_learner: EvidenceLog, first: int, end: int) -> EvidenceLog:
    """Return the judgements of learners first … end − 1, numbered anew."""
    low, high = np.searchsorted(by_learner.learner, [first, end])
    part = by_learner.take(np.arange(low, high))
    return replace(part, learner=part.learner - np.int32(first))


def _rested_seconds(log: InteractionLog, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Tell how long before each of `rows` its learner had completed the module; 0 if it is none."""
    event = log.event[rows]
    done = (log.done[rows] & (event != _ANSWERED)).nonzero()[0]
    module, at = log.module[rows[done]], log.at_seconds[rows[done]]
    key = log.learner[rows[done]] * np.int64(log.n_modules) + module
    order = key.argsort(kind="stable")
    key, at = key[order], at[order]
    again = np.empty(len(at))
    again[:1] = np.inf
    again[1:] = np.where(key[1:] == key[:-1], at[1:] - at[:-1], np.inf)
    rested = np.zeros(len(rows))
    rested[done[order]] = again
    return rested


def _learners_between(log: InteractionLog, first: int, end: int) -> InteractionLog:
    """Return a log of learners first … end − 1 whose arrays are views."""
    rows = slice(int(log.starts[first]), int(log.starts[end]))
    return InteractionLog(
        learner_ids=IdMap(log.learner_ids.ids[first:end]),
        module_ids=log.module_ids,
        learner=log.learner[rows] - np.int32(first),
        module=log.module[rows],
        event=log.event[rows],
        at_seconds=log.at_seconds[rows],
        score=log.score[rows],
        success=log.success[rows],
        duration_seconds=log.duration_seconds[rows],
        starts=log.starts[first : end + 1] - log.starts[first],
    )
