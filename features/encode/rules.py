"""Rules by position: which rule says what about which module."""

from dataclasses import dataclass
from functools import cached_property

from features.domain.catalogue import Rule
from features.encode.ids import IdMap


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What a rule says of which modules: positions in the catalogue, those outside it left out."""

    assign: tuple[int, ...]
    require: tuple[int, ...]
    exclude: tuple[int, ...]
    boost: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class RuleIndex:
    """The active rules of a catalogue.

    Attributes
    ----------
    rules
        Those of highest priority first, ties by id.
    says
        What each says.
    """

    rules: tuple[Rule, ...]
    says: tuple[Saying, ...]

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


def _says(rule: Rule, module_ids: IdMap) -> Saying:
    def rows(named: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(module_ids.index_of[name] for name in named if name in module_ids)

    return Saying(
        assign=rows(rule.assign),
        require=rows(rule.require),
        exclude=rows(rule.exclude),
        boost=rows(rule.boost),
    )
