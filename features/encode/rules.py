"""Rules as arrays: which rule says what about which module."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Rule
from features.encode.ids import IdMap


class Effect(IntEnum):
    """What a rule does to a module."""

    ASSIGN = 0
    REQUIRE = 1
    EXCLUDE = 2
    BOOST = 3


@dataclass(frozen=True, kw_only=True)
class RuleLinks:
    """Rules by position, and the modules they name: int32, (n_links,) both."""

    rule: NDArray[np.int32]
    module: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class RuleIndex:
    """The active rules of a catalogue.

    Attributes
    ----------
    rules
        Those of highest priority first, ties by id.
    links
        What the rules say of modules of the catalogue, by effect; those of the foremost rule
        first.
    """

    rules: tuple[Rule, ...]
    links: Mapping[Effect, RuleLinks]

    def __len__(self) -> int:
        return len(self.rules)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The condition of each rule."""
        return tuple(rule.when for rule in self.rules)


def index_rules(rules: tuple[Rule, ...], module_ids: IdMap) -> RuleIndex:
    """Turn the active rules of a catalogue into arrays."""
    active = tuple(
        sorted((rule for rule in rules if rule.active), key=lambda r: (-r.priority, r.rule_id))
    )
    return RuleIndex(
        rules=active, links={effect: _links(active, effect, module_ids) for effect in Effect}
    )


def _links(rules: tuple[Rule, ...], effect: Effect, module_ids: IdMap) -> RuleLinks:
    """Return what rules say; modules outside the catalogue are left out."""
    links = [
        (place, module_ids.index_of[module_id])
        for place, rule in enumerate(rules)
        for module_id in _named(rule, effect)
        if module_id in module_ids
    ]
    table = np.array(links, dtype=np.int32).reshape(len(links), 2)
    return RuleLinks(rule=table[:, 0].copy(), module=table[:, 1].copy())


def _named(rule: Rule, effect: Effect) -> tuple[str, ...]:
    return {
        Effect.ASSIGN: rule.assign,
        Effect.REQUIRE: rule.require,
        Effect.EXCLUDE: rule.exclude,
        Effect.BOOST: rule.boost,
    }[effect]
