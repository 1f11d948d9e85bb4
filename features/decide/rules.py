"""What the rules of an organisation say about each module, for one learner at one instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.decide.conditions import holds, names_in, open_facts
from features.decide.facts import Subject, facts_of
from features.domain.catalogue import Rule
from features.encode.rules import Effect, RuleIndex

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

    def due_in_seconds(self) -> NDArray[np.float64]:
        """Return how long after an assignment by rule its date is, inf where there is none."""
        days = np.array(
            [np.inf if rule.due_in_days is None else rule.due_in_days for rule in self.rules]
            + [np.inf]
        )
        seconds: NDArray[np.float64] = days[self.assigned_by] * SECONDS_PER_DAY
        return seconds


def apply_rules(index: RuleIndex, subject: Subject) -> Ruling:
    """Ask every rule whether it holds, and settle what those that hold say.

    Where one rule excludes a module that another assigns or requires, the one of higher priority
    has its way, and at equal priority the exclusion: giving somebody what they must not have is
    the worse mistake.

    Parameters
    ----------
    index
        The rules.
    subject
        Learner and instant.
    """
    holding = _holding(index, subject)
    kept = holding[index.rule] if len(index.rule) else np.zeros(0, dtype=bool)
    place = (np.cumsum(holding) - 1).astype(np.int32)[index.rule[kept]]
    rules = tuple(rule for rule, is_on in zip(index.rules, holding, strict=True) if is_on)
    module, effect = index.module[kept], index.effect[kept]
    n_modules = len(subject.index.module_ids)

    def first_to(*effects: Effect) -> NDArray[np.int32]:
        """Return the foremost rule with one of the effects for each module."""
        by = np.full(n_modules, NO_RULE, dtype=np.int32)
        chosen = np.flatnonzero(np.isin(effect, effects))[::-1]
        by[module[chosen]] = place[chosen]
        return by

    excluded, assigned = first_to(Effect.EXCLUDE), first_to(Effect.ASSIGN)
    required, boosted = first_to(Effect.REQUIRE), first_to(Effect.BOOST)
    priority = np.array([rule.priority for rule in rules] + [0])
    owed = _foremost(assigned, required)
    both = (excluded != NO_RULE) & (owed != NO_RULE)
    yields = both & (priority[owed] > priority[excluded])
    stays_out = (excluded != NO_RULE) & ~yields
    strength = np.zeros(n_modules)
    boosts = effect == Effect.BOOST
    strengths = np.array([rule.strength for rule in rules])
    if boosts.any():
        np.maximum.at(strength, module[boosts], strengths[place[boosts]])
    return Ruling(
        rules=rules,
        excluded_by=np.where(stays_out, excluded, NO_RULE).astype(np.int32),
        assigned_by=np.where(stays_out, NO_RULE, assigned).astype(np.int32),
        required_by=np.where(stays_out, NO_RULE, required).astype(np.int32),
        boosted_by=boosted,
        boost=strength,
    )


def _foremost(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the smaller position where both are given, the given one where one is."""
    unset = np.iinfo(np.int32).max
    least = np.minimum(
        np.where(one == NO_RULE, unset, one), np.where(other == NO_RULE, unset, other)
    )
    return np.where(least == unset, NO_RULE, least).astype(np.int32)


def _holding(index: RuleIndex, subject: Subject) -> NDArray[np.bool_]:
    if len(index) == 0:
        return np.zeros(0, dtype=bool)
    conditions = tuple(rule.when for rule in index.rules)
    facts = open_facts(facts_of(subject, names_in_all(conditions)))
    return np.array([holds(condition, facts) is True for condition in conditions], dtype=bool)


@lru_cache(maxsize=64)
def names_in_all(conditions: Iterable[str]) -> frozenset[str]:
    """Return every name that any of the conditions (a tuple) speaks of."""
    return frozenset().union(*(names_in(condition) for condition in conditions))
