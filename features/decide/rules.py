"""What the rules of an organisation say about each module, for one learner at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass

import cel
import numpy as np
from numpy.typing import NDArray

from features.decide.conditions import holds
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
    holding = [place for place, when in enumerate(index.conditions) if holds(when, facts) is True]
    by = {effect: np.full(n_modules, NO_RULE, dtype=np.int32) for effect in Effect}
    boost = np.zeros(n_modules)
    excluded = []
    # The foremost last, so that it has its way.
    for place in reversed(range(len(holding))):
        for effect, modules in index.says[holding[place]].items():
            by[effect][modules] = place
            if effect is Effect.BOOST:
                strength = index.rules[holding[place]].strength
                boost[modules] = np.maximum(boost[modules], strength)
            elif effect is Effect.EXCLUDE:
                excluded.append(modules)
    rules = tuple(index.rules[place] for place in holding)
    if excluded:
        _settle(by, np.concatenate(excluded), rules)
    return Ruling(
        rules=rules,
        excluded_by=by[Effect.EXCLUDE],
        assigned_by=by[Effect.ASSIGN],
        required_by=by[Effect.REQUIRE],
        boosted_by=by[Effect.BOOST],
        boost=boost,
    )


def _settle(
    by: Mapping[Effect, NDArray[np.int32]], modules: NDArray[np.int32], rules: tuple[Rule, ...]
) -> None:
    """Let exclusion or duty prevail, in place, at the modules that are excluded."""
    priority = np.array([rule.priority for rule in rules])
    owed = _foremost(by[Effect.ASSIGN][modules], by[Effect.REQUIRE][modules])
    yields = (owed != NO_RULE) & (priority[owed] > priority[by[Effect.EXCLUDE][modules]])
    by[Effect.EXCLUDE][modules[yields]] = NO_RULE
    stays_out = modules[~yields]
    by[Effect.ASSIGN][stays_out] = by[Effect.REQUIRE][stays_out] = NO_RULE


def _foremost(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the smaller position where both are given, the given one where one is."""
    # Seen as unsigned, `NO_RULE` is the largest number there is.
    return np.minimum(one.view(np.uint32), other.view(np.uint32)).view(np.int32)
