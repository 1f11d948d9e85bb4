"""A language: its templates, and how it writes numbers, days and lists."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

LEVELS = frozenset({"shown", "left", "asked", "mastery", "expected", "target", "level"})
SHARES = frozenset({"p_success"})
COUNTS = frozenset({"minutes", "available"})
DAYS = frozenset({"due", "opens", "done"})

_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A template in two forms; `count` names the fact that chooses between them."""

    count: str
    one: str
    other: str


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language.

    Attributes
    ----------
    code
        As in a language tag: "de".
    decimal
        The mark between whole and part.
    share, day
        A share in percent as a `str.format` template; a day as a `strftime` template.
    last_of_all, last_of_any
        What stands before the last entry of a list: "and", "or".
    templates
        By code; a placeholder is the bare name of a fact.
    """

    code: str
    decimal: str
    share: str
    day: str
    last_of_all: str
    last_of_any: str
    templates: Mapping[str, str | Counted]

    def say(self, code: str, facts: Mapping[str, object]) -> str:
        """Put facts into the words of a code; KeyError where one it needs is missing."""
        template = self.templates[code]
        if isinstance(template, Counted):
            counted = facts[template.count]
            is_one = isinstance(counted, int | float) and round(counted) == 1
            template = template.one if is_one else template.other
        words = list(_parts(template))
        words[1::2] = [self.write(name, facts[name]) for name in words[1::2]]
        return "".join(words)

    def can_say(self, code: str, facts: Mapping[str, object]) -> bool:
        """Tell whether every fact is known that the words of a code need."""
        return placeholders(self.templates[code]) <= facts.keys()

    def write(self, name: str, fact: object) -> str:
        """Write one fact; what it is, its name tells."""
        if isinstance(fact, int | float):
            if name in SHARES:
                return self.share.format(round(100 * fact))
            if name in COUNTS:
                return str(round(fact))
            if name in LEVELS:
                return f"{fact:.2f}".replace(".", self.decimal)
        if isinstance(fact, datetime):
            return f"{fact:{self.day}}"
        return str(fact)

    def all_of(self, parts: Iterable[str]) -> str:
        """List what is all meant."""
        return _listed(list(parts), self.last_of_all)

    def any_of(self, parts: Iterable[str]) -> str:
        """List alternatives."""
        return _listed(list(parts), self.last_of_any)


@cache
def placeholders(template: str | Counted) -> frozenset[str]:
    """Return the facts that a template mentions."""
    if isinstance(template, Counted):
        named = _PLACEHOLDER.findall(template.one + template.other)
        return frozenset({template.count, *named})
    return frozenset(_PLACEHOLDER.findall(template))


@cache
def _parts(template: str) -> tuple[str, ...]:
    """Return text and names of facts in turn; it begins and ends with text."""
    return tuple(_PLACEHOLDER.split(template))


def _listed(parts: list[str], last: str) -> str:
    return f" {last} ".join([*filter(None, [", ".join(parts[:-1])]), *parts[-1:]])
