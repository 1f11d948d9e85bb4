"""Conditions in the Common Expression Language on what is known of a learner.

A condition never sees more than the facts it is given, cannot loop without end, and says nothing
where a fact it needs is missing: it then does not hold. `has(learner.x)` asks whether one is known.

References
----------
Common Expression Language, language definition (cel.dev); `||` and `&&` absorb errors.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cel

from features.domain.errors import InvalidValueError

MOST_CHARACTERS = 1_000
# Two nested walks over lists of facts take milliseconds; four over written-out lists take minutes.
MOST_MACROS = 2

_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_FAILURES = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def check_condition(source: str) -> None:
    """Refuse what is no condition.

    Parameters
    ----------
    source
        CEL.

    Raises
    ------
    InvalidValueError
        If it is too long, does not parse, or walks lists more than `MOST_MACROS` times.
    """
    if len(source) > MOST_CHARACTERS:
        raise InvalidValueError(
            f"the condition has {len(source):,} characters: at most {MOST_CHARACTERS:,} are read"
        )
    if len(_MACRO.findall(source)) > MOST_MACROS:
        raise InvalidValueError(
            f"the condition walks lists (all, exists, map, filter) more than {MOST_MACROS} times"
        )
    try:
        _compile(source)
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise InvalidValueError(f"the condition cannot be read as CEL: {first}") from error


def names_in(source: str) -> frozenset[str]:
    """Return the top-level names a checked condition speaks of."""
    return frozenset(_compile(source).variables())


def holds(source: str, facts: cel.Context) -> bool | None:
    """Tell whether a condition holds; None where it cannot be told.

    Parameters
    ----------
    source
        A checked condition.
    facts
        As `open_facts` made them.

    Returns
    -------
    bool or None
        None where a fact is missing, is of another type than the condition takes it for, or where
        the outcome is no truth value.
    """
    try:
        outcome = _compile(source).execute(facts)
    except _FAILURES:
        return None
    return outcome if isinstance(outcome, bool) else None


def open_facts(facts: Mapping[str, Any]) -> cel.Context:
    """Make facts ready for any number of conditions."""
    return cel.Context(dict(facts))


@lru_cache(maxsize=4096)
def _compile(source: str) -> cel.Program:
    return cel.compile(source)
