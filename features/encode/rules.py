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
class RuleIndex:
    """The active rules of a catalogue.

    Attributes
    ----------
    rules
        Those of highest priority first, ties by id.
    says
        What each says of which modules, where it says anything: positions in the catalogue, int32;
        modules outside it are left out.
    """

    rules: tuple[Rule, ...]
    says: tuple[Mapping[Effect, NDArray[np.int32]], ...]

    def __len__(self) -> int:
        return len(self.rules)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The condition of each rule."""
        return tuple(rule.when for rule in self.rules)


def index_rules(rules: tuple[Rule, ...], module_ids: IdMap) -> RuleIndex:
    """Turn the active rules of a catalogue into positions of modules."""
    active = tuple(
        sorted((rule for rule in rules if rule.active), key=lambda r: (-r.priority, r.rule_id))
    )
    return RuleIndex(rules=active, says=tuple(_says(rule, module_ids) for rule in active))


def _says(rule: Rule, module_ids: IdMap) -> Mapping[Effect, NDArray[np.int32]]:
    named = {
        Effect.ASSIGN: rule.assign,
        Effect.REQUIRE: rule.require,
        Effect.EXCLUDE: rule.exclude,
        Effect.BOOST: rule.boost,
    }
    rows = {effect: module_ids.positions(named[effect]) for effect in Effect}
    return {effect: found[found >= 0] for effect, found in rows.items() if (found >= 0).any()}
