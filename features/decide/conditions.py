"""Conditions in the Common Expression Language on what is known of a learner.

A condition never sees more than the facts it is given, cannot loop without end, and says nothing
where a fact it needs is missing: it then does not hold. `has(learner.x)` asks whether one is known.

References
----------
Common Expression Language, language definition (cel.dev); `||` and `&&` absorb errors.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from features.domain.errors import InvalidValueError

if TYPE_CHECKING:  # with the first condition: it brings a command line of its own along
    import cel

MOST_CHARACTERS = 1_000
# A walk over 2,000 modules done takes milliseconds; one within another, seconds.
MOST_MACROS = 2

# Facts with entries, thousands in some. Making one ready for CEL takes a microsecond or two.
MANIFOLD = ("learner", "calendar", "done", "scores", "evidence", "mastery", "sure_mastery")

_WALKS = frozenset({"all", "exists", "exists_one", "map", "filter"})
# Comments may stand between the parts of a call.
_MACRO = re.compile(rf"\b(?:{'|'.join(_WALKS)})\s*(?://[^\n]*\s*)*\(")
_TOKEN = re.compile(r"""('[^']*'|"[^"]*")|[A-Za-z_]\w*|\S""")
# Escapes, long and prefixed strings and comments are not taken apart.
_INTRICATE = re.compile(r"""\\|'''|\"{3}|//|\b[rRbB]+['"]""")
_ENDS = frozenset({"", "(", ")", "&", "|", "?", ":", ","})
_FAILURES = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Facts:
    """What conditions are asked about; it is made ready for CEL once the first is asked."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    @cached_property
    def context(self) -> "cel.Context":
        """The facts as CEL takes them."""
        import cel  # noqa: PLC0415 - see above

        return cel.Context(dict(self._facts))


def check_condition(source: str) -> None:
    """Refuse what is no condition.

    Parameters
    ----------
    source
        CEL.

    Raises
    ------
    InvalidValueError
        If it is too long, does not parse, walks lists more than `MOST_MACROS` times, or one within
        another.
    """
    if len(source) > MOST_CHARACTERS:
        raise InvalidValueError(
            f"the condition has {len(source):,} characters: at most {MOST_CHARACTERS:,} are read"
        )
    n_walks = len(_MACRO.findall(source))
    if n_walks > MOST_MACROS:
        raise InvalidValueError(
            f"the condition walks lists (all, exists, map, filter) more than {MOST_MACROS} times"
        )
    if n_walks > 1 and _may_be_nested(source):
        raise InvalidValueError(
            "the condition walks a list within the walk of another, or has comments or escapes, "
            "with which that cannot be told: say it in two rules, or without them"
        )
    try:
        _compile(source)
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise InvalidValueError(f"the condition cannot be read as CEL: {first}") from error


def _may_be_nested(source: str) -> bool:
    """Tell whether one walk of a list may stand in the parentheses of another."""
    if _INTRICATE.search(source):
        return True
    depth, walk_depth = 0, 0
    for before, part in pairwise(["", *(found.group() for found in _TOKEN.finditer(source))]):
        if part == "(":
            depth += 1
            if before in _WALKS:
                if walk_depth:
                    return True
                walk_depth = depth
        elif part == ")":
            walk_depth = 0 if depth == walk_depth else walk_depth
            depth -= 1
    return False


def names_in(source: str) -> frozenset[str]:
    """Return the top-level names a checked condition speaks of."""
    return frozenset(_compile(source).variables())


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """What some conditions speak of.

    Attributes
    ----------
    names
        Top-level names.
    keys
        Of the `MANIFOLD` facts among them, the entries looked at; a fact that is not here may be
        looked at as a whole.
    """

    names: frozenset[str]
    keys: Mapping[str, frozenset[str]]


@lru_cache(maxsize=4096)
def mentions(conditions: tuple[tuple[str, ...], ...]) -> Mentions:
    """Return what several lists of checked conditions speak of."""
    every = [condition for some in conditions for condition in some]
    names = frozenset().union(*map(names_in, every))
    looked_at = {
        name: [_keys_in(condition, name) for condition in every]
        for name in MANIFOLD
        if name in names
    }
    return Mentions(
        names=names,
        keys={
            name: frozenset().union(*(keys or () for keys in found))
            for name, found in looked_at.items()
            if None not in found
        },
    )


def _keys_in(source: str, name: str) -> frozenset[str] | None:
    """Return the entries of a fact that a condition names one by one; None where it may not.

    These are `name["key"]`, `name.key` and `"key" in name`.
    """
    if _INTRICATE.search(source):
        return None if name in names_in(source) else frozenset()
    # Padded so that looking around an end finds nothing.
    tokens = ["", "", "", *(found.group() for found in _TOKEN.finditer(source)), "", "", "", ""]
    keys = [
        _key_at(tokens, place)
        for place, token in enumerate(tokens)
        if token == name and tokens[place - 1] != "."
    ]
    return None if None in keys else frozenset(key for key in keys if key is not None)


def _key_at(tokens: list[str], place: int) -> str | None:
    before, text, link, _, *after = tokens[place - 3 : place + 4]
    if after[0] == "[" and _is_text(after[1]) and after[2] == "]":
        return after[1][1:-1]
    if after[0] == "." and after[1].isidentifier() and after[2] != "(":
        return after[1]
    stands_alone = before in _ENDS and after[0] in _ENDS
    if link == "in" and _is_text(text) and stands_alone:
        return text[1:-1]
    return None


def _is_text(token: str) -> bool:
    return token[:1] in ("'", '"')


def holds(source: str, facts: Facts) -> bool | None:
    """Tell whether a condition holds; None where it cannot be told.

    Parameters
    ----------
    source
        A checked condition.
    facts
        Everything it may mention.

    Returns
    -------
    bool or None
        None where a fact is missing, is of another type than the condition takes it for, or where
        the outcome is no truth value.
    """
    try:
        outcome = _compile(source).execute(facts.context)
    except _FAILURES:
        return None
    return outcome if isinstance(outcome, bool) else None


def compile_all(sources: Iterable[str]) -> None:
    """Make checked conditions ready, so that the first who is asked about need not wait for it."""
    for source in sources:
        with suppress(*_FAILURES):  # as in `holds`: it says nothing then
            _compile(source)


@lru_cache(maxsize=4096)
def _compile(source: str) -> "cel.Program":
    import cel  # noqa: PLC0415 - see above

    return cel.compile(source)
