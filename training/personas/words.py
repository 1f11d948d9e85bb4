"""Personas in words that people can check: each with its figure and everybody's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.behaviour import (
    FAILURE,
    FAILURE_IN,
    FORMAT,
    GAP,
    MODULES_A_DAY,
    SITTING,
)
from training.personas.habits import ALIKE, Habits, kind_of

LEAST_EFFECT = 0.2  # standard deviations of learners
FEWEST_TOLD = 10  # learners of whom a behaviour is known; fewer might be told apart by it
CLEARLY = 3.0  # standard errors between a persona and everybody else
WORDS_IN_A_NAME = 2
LEAST_IN_A_NAME = 0.4  # effect of what is named beside the largest

# What a figure means, and what having more or less of it than everybody is called.
_TEMPLATES: Mapping[str, tuple[str, str, str]] = {
    "completion": ("finishes {} of what they begin", "finishes more", "leaves more unfinished"),
    "optional": (
        "{} of what they begin is optional",
        "more optional content",
        "less optional content",
    ),
    "failure": ("fails {} of first tries", "fails more at first", "fails less at first"),
    "failure:easy": (
        "fails {} of first tries at easier modules",
        "fails more at easier modules",
        "fails less at easier modules",
    ),
    "failure:hard": (
        "fails {} of first tries at harder modules",
        "fails more at harder modules",
        "fails less at harder modules",
    ),
    "retries": ("tries again after {} of failures", "tries again more", "tries again less"),
    GAP: ("comes back after {} days", "longer breaks", "shorter breaks"),
    MODULES_A_DAY: ("takes up {} modules on a day of learning", "more at once", "less at once"),
    SITTING: ("sits for {} minutes", "longer sittings", "shorter sittings"),
    FORMAT: ("{} of what they begin is {}", "more {} content", "less {} content"),
    FAILURE_IN: ("fails {} of first tries in {}", "fails more in {}", "fails less in {}"),
}
_FORMS = {GAP: "{:.1f}", MODULES_A_DAY: "{:.2f}", SITTING: "{:.1f}"}
SMALL_SHARE = 0.1  # is told with a decimal


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a persona does more or less than everybody.

    Attributes
    ----------
    behaviour
        Its stable name.
    text
        In words, with both figures.
    value, interval, overall
        Of the persona, with a 95 % interval, and of everybody.
    effect
        The difference in standard deviations of learners.
    is_clear
        Whether it is large enough, and surely not chance, to tell the persona from the others.
    """

    behaviour: str
    text: str
    value: float
    interval: tuple[float, float]
    overall: float
    effect: float
    is_clear: bool


def describe(
    habits: Habits, inside: NDArray[np.bool_], skill_names: Mapping[str, str]
) -> list[Statement]:
    """Describe the learners where `inside` is true, the largest differences first."""
    found = []
    for column, name in enumerate(habits.facets.names):
        total, count = habits.measured.total[:, column], habits.measured.count[:, column]
        n_known = min((count[inside] > 0).sum(), (count[~inside] > 0).sum())
        if n_known < FEWEST_TOLD or habits.spread_as_shown[column] < ALIKE:
            continue
        value, error = _mean(total[inside], count[inside])
        others, their_error = _mean(total[~inside], count[~inside])
        effect = (value - habits.usual[column]) / habits.spread_as_shown[column]
        surely = abs(value - others) > CLEARLY * np.hypot(error, their_error)
        low, high = (_shown(name, value + sign * 1.96 * error) for sign in (-1.0, 1.0))
        figures = _shown(name, value), _shown(name, habits.usual[column])
        found.append(
            Statement(
                behaviour=name,
                text=_sentence(name, figures, skill_names),
                value=figures[0],
                interval=(low, high),
                overall=figures[1],
                effect=float(effect),
                is_clear=bool(surely and abs(effect) >= LEAST_EFFECT),
            )
        )
    return sorted(found, key=lambda each: -abs(each.effect))


def name_all(
    statements: Sequence[Sequence[Statement]], skill_names: Mapping[str, str]
) -> list[str]:
    """Name personas after their clearest differences; no two alike."""
    names: list[str] = []
    for of_one in statements:
        words = [
            _templated(each.behaviour, 1 if each.effect > 0 else 2, skill_names)
            for each in telling(of_one)
        ]
        name = ", ".join(words[:WORDS_IN_A_NAME]) or "like most"
        more = WORDS_IN_A_NAME
        while name in names and more < len(words):
            more += 1
            name = ", ".join(words[:more])
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return [name[0].upper() + name[1:] for name in names]


def telling(statements: Sequence[Statement]) -> list[Statement]:
    """Return what may stand in a name: large clear differences, one of each kind first.

    Where failures in general are told, those in a branch are not: nothing is said twice.
    """
    clear = [each for each in statements if each.is_clear]
    if FAILURE in {each.behaviour for each in clear}:
        clear = [e for e in clear if kind_of(e.behaviour) != FAILURE or e.behaviour == FAILURE]
    large = [each for each in clear if abs(each.effect) >= LEAST_IN_A_NAME] or clear[:1]
    first: dict[str, str] = {}
    for each in large:
        first.setdefault(kind_of(each.behaviour), each.behaviour)
    return sorted(large, key=lambda each: each.behaviour not in first.values())


def still_true(name_of: Sequence[str], statements: Sequence[Statement]) -> bool:
    """Tell whether the differences a former name was made of are still clear."""
    clear = {signed(each) for each in statements if each.is_clear}
    return bool(name_of) and set(name_of) <= clear


def signed(statement: Statement) -> str:
    """Return a behaviour and which way it differs."""
    return f"{'+' if statement.effect > 0 else '-'}{statement.behaviour}"


def as_document(statement: Statement) -> dict[str, Any]:
    """Return a statement for JSON."""
    low, high = (_written(statement.behaviour, each, precise=True) for each in statement.interval)
    return asdict(statement) | {
        "interval": list(statement.interval),
        "value_text": _written(statement.behaviour, statement.value),
        "interval_text": f"{low} to {high}",
    }


def _mean(total: NDArray[np.float64], count: NDArray[np.float64]) -> tuple[float, float]:
    """Return a ratio of sums and its standard error, learners being the unit (linearised)."""
    ratio = float(total.sum() / count.sum())
    return ratio, float(np.sqrt(((total - ratio * count) ** 2).sum()) / count.sum())


def _shown(name: str, value: float) -> float:
    """Return a figure as people read it: days and minutes instead of their logarithms."""
    if name == GAP:
        return float(np.exp(value))
    if name == SITTING:
        return float(np.expm1(max(value, 0.0)))
    return max(value, 0.0) if name == MODULES_A_DAY else float(np.clip(value, 0.0, 1.0))


def _written(name: str, figure: float, *, precise: bool = False) -> str:
    share = "{:.1%}" if precise or figure < SMALL_SHARE else "{:.0%}"
    return _FORMS.get(name, share).format(figure)


def _sentence(name: str, figures: tuple[float, float], skill_names: Mapping[str, str]) -> str:
    value, overall = (_written(name, figure) for figure in figures)
    return f"{_templated(name, 0, skill_names, value)} (all: {overall})"


def _templated(name: str, which: int, skill_names: Mapping[str, str], *figures: str) -> str:
    for prefix in (FORMAT, FAILURE_IN):
        if name.startswith(prefix):
            what = name.removeprefix(prefix)
            return _TEMPLATES[prefix][which].format(*figures, skill_names.get(what, what))
    return _TEMPLATES[name][which].format(*figures)
