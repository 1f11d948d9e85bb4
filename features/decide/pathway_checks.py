"""What makes a pathway impossible to walk, found when it is written."""

import re
from collections import Counter
from collections.abc import Sequence

from features.decide.conditions import Facts, check_condition, holds
from features.domain.catalogue import Pathway, PathwayStep
from features.domain.checks import find_cycle
from features.domain.errors import CycleError, InvalidValueError

_NOTHING = Facts({})
_NUMBER = r"-?\d+(?:\.\d+)?"
_BOUND = re.compile(rf"^(?P<of>[\w.\[\]\"']+)\s*(?P<sign><=|>=|<|>|==)\s*(?P<number>{_NUMBER})$")
_TEXT = re.compile(r"^(?P<of>[\w.]+)\s*==\s*(?P<text>\"[^\"]*\"|'[^']*')$")


def check_pathway(pathway: Pathway) -> None:
    """Refuse a pathway that nobody could finish.

    Raises
    ------
    InvalidValueError
        If step ids repeat, a step or entry point names a step that is not there, a step has no
        module, a condition cannot be read or can never hold, or a step can never be reached; the
        detail lists every culprit.
    CycleError
        If steps require each other in a circle; the detail lists it.
    """
    problems = [*_repeats(pathway), *_strangers(pathway), *_conditions(pathway)]
    if problems:
        raise InvalidValueError(f"pathway {pathway.pathway_id!r}: " + "; ".join(problems))
    circle = find_cycle({step.step_id: step.requires for step in pathway.steps})
    if circle:
        raise CycleError(
            f"pathway {pathway.pathway_id!r}: steps require each other: {' → '.join(circle)}"
        )
    stuck = _unreachable(pathway.steps)
    if stuck:
        raise InvalidValueError(
            f"pathway {pathway.pathway_id!r}: never reached: " + "; ".join(stuck)
        )


def never_holds(source: str) -> bool:
    """Tell whether a condition contradicts itself, whatever the facts.

    Found are conditions that are false with no facts at all, and conjunctions of comparisons with
    numbers or texts that leave no value; anything subtler is not.
    """
    if holds(source, _NOTHING) is False:
        return True
    if "||" in source or "?" in source or "!" in source:
        return False
    terms = [term.strip().strip("()").strip() for term in source.split("&&")]
    return _no_number_left(terms) or _two_texts(terms)


def _no_number_left(terms: Sequence[str]) -> bool:
    low: dict[str, tuple[float, bool]] = {}
    high: dict[str, tuple[float, bool]] = {}
    for term in terms:
        found = _BOUND.match(term)
        if found is None:
            continue
        of, sign, number = found["of"], found["sign"], float(found["number"])
        if sign in (">", ">=", "=="):
            low[of] = max(low.get(of, (-float("inf"), False)), (number, sign == ">"))
        if sign in ("<", "<=", "=="):
            bound = (number, sign != "<")
            high[of] = min(high.get(of, (float("inf"), True)), bound)
    return any(
        of in high
        and (
            low[of][0] > high[of][0]
            or (low[of][0] == high[of][0] and (low[of][1] or not high[of][1]))
        )
        for of in low
    )


def _two_texts(terms: Sequence[str]) -> bool:
    texts: dict[str, str] = {}
    for term in terms:
        found = _TEXT.match(term)
        if (
            found is not None
            and texts.setdefault(found["of"], found["text"][1:-1]) != (found["text"][1:-1])
        ):
            return True
    return False


def _repeats(pathway: Pathway) -> list[str]:
    counts = Counter(step.step_id for step in pathway.steps)
    return [f"step {name!r} stands {n} times" for name, n in counts.items() if n > 1]


def _strangers(pathway: Pathway) -> list[str]:
    known = {step.step_id for step in pathway.steps}
    lost = [
        f"step {step.step_id!r} requires {name!r}, which is no step of it"
        for step in pathway.steps
        for name in step.requires
        if name not in known
    ]
    lost += [
        f"an entry point names {entry.step_id!r}, which is no step of it"
        for entry in pathway.entry_points
        if entry.step_id not in known
    ]
    empty = [step.step_id for step in pathway.steps if not step.any_of]
    return lost + [f"step {step_id!r} has no module" for step_id in empty]


def _conditions(pathway: Pathway) -> list[str]:
    whole = [(f"step {step.step_id!r}", step.when) for step in pathway.steps]
    whole += [(f"the entry point at {e.step_id!r}", e.when) for e in pathway.entry_points]
    problems = []
    for where, when in whole:
        if when is None:
            continue
        try:
            check_condition(when)
        except InvalidValueError as error:
            problems.append(f"{where}: {error.detail}")
        else:
            if never_holds(when):
                problems.append(f"{where}: the condition {when!r} can never hold")
    return problems


def _unreachable(steps: Sequence[PathwayStep]) -> list[str]:
    """Return steps that need two others of which no learner can have both."""
    by_id = {step.step_id: step for step in steps}
    stuck = []
    for step in steps:
        conditions = [
            condition
            for condition in (by_id[name].when for name in (*step.requires, step.step_id))
            if condition is not None
        ]
        joined = " && ".join(f"({condition})" for condition in conditions)
        if len(conditions) > 1 and never_holds(joined):
            needed = ", ".join(step.requires)
            stuck.append(
                f"step {step.step_id!r}: its condition and those of {needed} exclude each other"
            )
    return stuck
