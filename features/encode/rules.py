"""Rules as arrays: which rule says what about which module."""

from dataclasses import dataclass
from enum import IntEnum

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
    rule, module
        int32, (n_links,): position in `rules` and in the catalogue's modules; modules outside the
        catalogue are left out.
    effect
        int8, (n_links,), `Effect` codes.
    """

    rules: tuple[Rule, ...]
    rule: NDArray[np.int32]
    module: NDArray[np.int32]
    effect: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.rules)


def index_rules(rules: tuple[Rule, ...], module_ids: IdMap) -> RuleIndex:
    """Turn the active rules of a catalogue into arrays."""
    active = tuple(
        sorted((rule for rule in rules if rule.active), key=lambda r: (-r.priority, r.rule_id))
    )
    links = [
        (place, module_ids.index_of[module_id], effect)
        for place, rule in enumerate(active)
        for effect, named in _consequences(rule)
        for module_id in named
        if module_id in module_ids
    ]
    table = np.array(links, dtype=np.int64).reshape(len(links), 3)
    return RuleIndex(
        rules=active,
        rule=table[:, 0].astype(np.int32),
        module=table[:, 1].astype(np.int32),
        effect=table[:, 2].astype(np.int8),
    )


def _consequences(rule: Rule) -> tuple[tuple[Effect, tuple[str, ...]], ...]:
    return (
        (Effect.ASSIGN, rule.assign),
        (Effect.REQUIRE, rule.require),
        (Effect.EXCLUDE, rule.exclude),
        (Effect.BOOST, rule.boost),
    )
