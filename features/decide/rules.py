"""What the rules of an organisation say about each module, for one learner at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass

import cel
import numpy as np
from numpy.typing import NDArray

from features.decide.conditions import holds
from features.domain.catalogue import Rule
from features.encode.rules import Effect, RuleIndex, RuleLinks

NO_RULE = -1
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The outcome of all rules that hold; arrays are (n_modules,).

    Attributes
    ----------
    rules
        Those that hold, in order of priority.
    excluded_by, assigned_by, required_by, boosted_by
        int32, positions in `rules` of the one that says so, `NO_RULE` where none does.
    boost
        float64, in [0,1]: the greatest strength among the rules that boost.
    """

    rules: tuple[Rule, ...]
    excluded_by: NDArray[np.int32]
    assigned_by: NDArray[np.int32]
    required_by: NDArray[np.int32]
    boosted_by: NDArray[np.int32]
    boost: NDArray[np.float64]

    def due_in_seconds(self, modules: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how long after an assignment by rule its date is, inf where there is none."""
        days = np.array(
            [np.inf if rule.due_in_days is None else rule.due_in_days for rule in self.rules]
            + [np.inf]
        )
        seconds: NDArray[np.float64] = days[self.assigned_by[modules]] * SECONDS_PER_DAY
        return seconds


def apply_rules(index: RuleIndex, facts: cel.Context, n_modules: int) -> Ruling:
    """Ask every rule whether it holds, and settle what those that hold say.

    Where one rule excludes a module that another assigns or requires, the one of higher priority
    has its way, and at equal priority the exclusion: giving somebody what they must not have is
    the worse mistake.

    Parameters
    ----------
    index
        The rules.
    facts
        Of the learner at the instant, with everything the rules mention.
    n_modules
        Of the catalogue.
    """
    holding = np.array([holds(when, facts) is True for when in index.conditions], dtype=bool)
    rules = tuple(rule for rule, is_on in zip(index.rules, holding, strict=True) if is_on)
    place = (np.cumsum(holding) - 1).astype(np.int32)
    said = {effect: _said(index.links[effect], holding, place) for effect in Effect}
    first = {effect: _first_to(links, n_modules) for effect, links in said.items()}
    _settle(first, said[Effect.EXCLUDE].module, np.array([rule.priority for rule in rules] + [0]))
    boosts = said[Effect.BOOST]
    boost = np.zeros(n_modules)
    if len(boosts.rule):
        strength = np.array([rule.strength for rule in rules])
        np.maximum.at(boost, boosts.module, strength[boosts.rule])
    return Ruling(
        rules=rules,
        excluded_by=first[Effect.EXCLUDE],
        assigned_by=first[Effect.ASSIGN],
        required_by=first[Effect.REQUIRE],
        boosted_by=first[Effect.BOOST],
        boost=boost,
    )


def _said(links: RuleLinks, holding: NDArray[np.bool_], place: NDArray[np.int32]) -> RuleLinks:
    """Keep what rules that hold say, and number these rules anew."""
    if not len(links.rule):
        return links
    kept = holding[links.rule]
    return RuleLinks(rule=place[links.rule[kept]], module=links.module[kept])


def _first_to(links: RuleLinks, n_modules: int) -> NDArray[np.int32]:
    """Return the foremost rule of each module, `NO_RULE` where none names it."""
    by = np.full(n_modules, NO_RULE, dtype=np.int32)
    by[links.module[::-1]] = links.rule[::-1]
    return by


def _settle(
    first: Mapping[Effect, NDArray[np.int32]],
    modules: NDArray[np.int32],
    priority: NDArray[np.int64],
) -> None:
    """Let exclusion or duty prevail, in place, at the modules that are excluded."""
    if not len(modules):
        return
    excluded = first[Effect.EXCLUDE][modules]
    owed = _foremost(first[Effect.ASSIGN][modules], first[Effect.REQUIRE][modules])
    yields = (owed != NO_RULE) & (priority[owed] > priority[excluded])
    first[Effect.EXCLUDE][modules[yields]] = NO_RULE
    for effect in (Effect.ASSIGN, Effect.REQUIRE):
        first[effect][modules[~yields]] = NO_RULE


def _foremost(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the smaller position where both are given, the given one where one is."""
    # Seen as unsigned, `NO_RULE` is the largest number there is.
    return np.minimum(one.view(np.uint32), other.view(np.uint32)).view(np.int32)
