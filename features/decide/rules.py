"""What the rules of an organisation say about modules, for one learner at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from features.decide.conditions import Facts, holds
from features.domain.catalogue import Rule
from features.domain.instants import SECONDS_PER_DAY
from features.encode.rules import RuleIndex

NO_RULE = -1


class Says(dict[int, int]):
    """Row of a module → position of the foremost rule that says so; `NO_RULE` of any other."""

    def __missing__(self, row: int) -> int:
        return NO_RULE


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The outcome of all rules that hold, for the modules that they name.

    Attributes
    ----------
    rules
        Those that hold, in order of priority.
    excluded_by, assigned_by, required_by
        Positions in `rules`, by row of the module.
    boost
        Row of a module → the greatest strength, in [0,1], among the rules that boost it.
    """

    rules: tuple[Rule, ...]
    excluded_by: Says
    assigned_by: Says
    required_by: Says
    boost: Mapping[int, float]

    def due_in_seconds(self, row: int) -> float:
        """Return how long after an assignment by rule its date is, inf where there is none."""
        days = self.rules[self.assigned_by[row]].due_in_days
        return inf if days is None else days * SECONDS_PER_DAY


def apply_rules(index: RuleIndex, facts: Facts) -> Ruling:
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
    """
    holding = [place for place, when in enumerate(index.conditions) if holds(when, facts) is True]
    excluded_by, assigned_by, required_by, boost = Says(), Says(), Says(), dict[int, float]()
    rules = tuple(index.rules[place] for place in holding)
    # The foremost last, so that it has its way.
    for place in reversed(range(len(rules))):
        said = index.says[holding[place]]
        excluded_by.update(dict.fromkeys(said.exclude, place))
        assigned_by.update(dict.fromkeys(said.assign, place))
        required_by.update(dict.fromkeys(said.require, place))
        for row in said.boost:
            boost[row] = max(boost.get(row, 0.0), rules[place].strength)
    ruling = Ruling(
        rules=rules,
        excluded_by=excluded_by,
        assigned_by=assigned_by,
        required_by=required_by,
        boost=boost,
    )
    _settle(ruling)
    return ruling


def _settle(ruling: Ruling) -> None:
    """Let exclusion or duty prevail, in place, at the modules that are excluded."""
    duties = (ruling.assigned_by, ruling.required_by)
    for row in ruling.excluded_by.keys() & set().union(*duties):
        owed = min(duty[row] for duty in duties if row in duty)
        if ruling.rules[owed].priority > ruling.rules[ruling.excluded_by[row]].priority:
            del ruling.excluded_by[row]
        else:
            for duty in duties:
                duty.pop(row, None)
