"""The content report: what is stale, what nobody teaches, what loses or bores its learners."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.catalogue import CatalogueIndex, index_catalogue
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from features.store.documents import to_document
from training.content.coverage import StaleModule, UntaughtSkill, stale_modules, untaught_skills
from training.content.encounters import EASY, FAILED, GAVE_UP, QUICK, RATING, figures_of
from training.content.rates import FEWEST_LEARNERS, Figures
from training.histories.data import TrainingData

SURELY_EASY = 0.9  # of first tries succeed


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A figure of a module that stands out, its 95 % interval, and what is usual."""

    name: str
    value: float
    low: float
    high: float
    n_learners: int
    usual: float


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A module with its signs, the strongest first."""

    module_id: str
    title: str
    signs: tuple[Sign, ...]


@dataclass(frozen=True, kw_only=True)
class ContentReport:
    """What was found, each list with the most pressing first.

    Attributes
    ----------
    as_at
        The instant it holds for: that of the latest event, or when it was asked for.
    snapshot_version
        Whose levels and gains say what modules teach; None without a champion.
    n_modules, n_learners
        Looked at; questions are not modules here.
    stale, untaught
        See `training.content.coverage`.
    losing
        Modules whose learners give up, fail or dislike them surely more than is usual.
    boring
        Modules that are surely too easy or done surely quicker than is usual.
    """

    as_at: datetime
    snapshot_version: str | None
    n_modules: int
    n_learners: int
    stale: tuple[StaleModule, ...]
    untaught: tuple[UntaughtSkill, ...]
    losing: tuple[Finding, ...]
    boring: tuple[Finding, ...]

    def to_document(self) -> Mapping[str, Any]:
        """Return it ready for JSON."""
        return {**to_document(self), "fewest_learners": FEWEST_LEARNERS}


def report_content(data: TrainingData, champion: Snapshot | None, now: datetime) -> ContentReport:
    """Look through a catalogue and what became of its learners.

    Parameters
    ----------
    data
        Histories and catalogue.
    champion
        Gives levels and gains; without one, authored difficulties and an assumed gain do.
    now
        Aware UTC; stands for the present where events have no instants.

    Raises
    ------
    SnapshotError
        If the champion does not hold what this program reads.
    """
    index, log = index_catalogue(data.catalogue), data.log
    at_seconds = float(log.at_seconds.max()) if log.is_timed and len(log) else now.timestamp()
    figures = figures_of(log, index)
    roles = data.learner_attributes.get("role_id", np.zeros(0, dtype=np.str_))
    names, counts = np.unique(roles, return_counts=True)
    scale = bind(index, champion).success.levels.scale
    gave_up, failed, easy = figures[GAVE_UP], figures[FAILED], figures[EASY]
    rating, quick = figures[RATING], figures[QUICK]
    losing = [
        _Watched(name=GAVE_UP, figures=gave_up, shows=gave_up.is_high),
        _Watched(name=FAILED, figures=failed, shows=failed.is_high),
        _Watched(name=RATING, figures=rating, shows=rating.is_low),
    ]
    boring = [
        _Watched(name=EASY, figures=easy, shows=easy.is_told & (easy.low > SURELY_EASY)),
        _Watched(name=QUICK, figures=quick, shows=quick.is_high),
    ]
    return ContentReport(
        as_at=datetime.fromtimestamp(at_seconds, UTC),
        snapshot_version=None if champion is None else champion.version,
        n_modules=int((~index.is_question).sum()),
        n_learners=log.n_learners,
        stale=tuple(stale_modules(index, at_seconds)),
        untaught=tuple(
            untaught_skills(
                index,
                scale,
                at_seconds,
                dict(zip(names.tolist(), counts.tolist(), strict=True)),
            )
        ),
        losing=_findings(losing, index),
        boring=_findings(boring, index),
    )


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """A figure and where it stands out, bool, (n_modules,)."""

    name: str
    figures: Figures
    shows: NDArray[np.bool_]

    @property
    def strength(self) -> NDArray[np.float64]:
        """How many spreads every module lies from what is usual."""
        each = self.figures
        return np.asarray(np.abs(each.value - each.usual) / max(each.spread, 1e-9))


def _findings(watched: list[_Watched], index: CatalogueIndex) -> tuple[Finding, ...]:
    """Gather signs by module; modules whose strongest sign stands out furthest come first."""
    shown = np.any([one.shows for one in watched], axis=0) & ~index.is_question
    findings = []
    for row in np.flatnonzero(shown).tolist():
        signs = [one for one in watched if one.shows[row]]
        signs.sort(key=lambda one: -float(one.strength[row]))
        module = index.modules[row]
        finding = Finding(
            module_id=module.module_id,
            title=module.title,
            signs=tuple(_sign(one.name, one.figures, row) for one in signs),
        )
        findings.append((-float(signs[0].strength[row]), finding))
    findings.sort(key=lambda each: (each[0], each[1].module_id))
    return tuple(finding for _, finding in findings)


def _sign(name: str, figures: Figures, row: int) -> Sign:
    return Sign(
        name=name,
        value=float(figures.value[row]),
        low=float(figures.low[row]),
        high=float(figures.high[row]),
        n_learners=int(figures.n_learners[row]),
        usual=figures.usual,
    )
