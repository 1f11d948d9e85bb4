"""Terms, codes and the foremost, beside the same worked out module by module."""

from math import erfc, exp, inf, pi, sqrt

import numpy as np
import pytest
from academy import NOW
from drawn import Drawn, cases
from hypothesis import given
from hypothesis import strategies as st

from features.decide.best import foremost
from features.decide.case import Case, open_case
from features.decide.eligibility import Bar
from features.decide.rules import NO_RULE
from features.decide.terms import compute_terms
from features.domain.catalogue import TERMS, Module

DAY = 86_400.0


def opened(drawn: Drawn) -> Case:
    return open_case(drawn.request, drawn.scorer, drawn.policy)


def pairs_of(case: Case, row: int) -> range:
    indptr = case.index.skills.indptr
    return range(indptr[row], indptr[row + 1])


def closed(case: Case, pair: int) -> float:
    skill = int(case.index.skills.skill[pair])
    target = float(case.arrays.target[skill])
    before = min(float(case.scores.standing.mastery[skill]), target)
    return max(min(float(case.scores.expected_mastery[pair]), target) - before, 0.0)


def expected_gap(gap: float, error: float) -> float:
    """Return the mean of what is positive of N(gap, error²)."""
    z = gap / max(error, 1e-9)
    p_below = 0.5 * erfc(-z / sqrt(2.0))
    return gap * p_below + error * exp(-z * z / 2.0) / sqrt(2.0 * pi)


def expected_closing(case: Case, row: int, pair: int) -> float:
    skill, scores = int(case.index.skills.skill[pair]), case.scores
    target = float(case.arrays.target[skill])
    if target == 0.0:
        return 0.0
    before = float(scores.standing.mastery[skill])
    after = max(float(scores.expected_mastery[pair]), before)
    if case.eligibility.refresher[row]:
        after = min(after, max(float(scores.mastery_shown[skill]), before))
    error = float(scores.standing.standard_error[skill])
    return expected_gap(target - before, error) - expected_gap(target - after, error)


def gap_per_hour(case: Case, row: int) -> float:
    weight, skill = case.arrays.required.weight, case.index.skills.skill
    total = sum(
        weight[skill[pair]] * expected_closing(case, row, pair) for pair in pairs_of(case, row)
    )
    hours = max(float(case.index.duration_minutes[row]), 5.0) / 60.0
    log = case.arrays.log
    n_failures = ((log.module == row) & (log.success == 0)).sum()
    return float(total) / hours * 0.6 ** float(n_failures)


def whole_way(case: Case, row: int) -> set[int] | None:
    """Return the modules left to do up to a locked one; None where one is out of reach."""
    if case.eligibility.bar[row] not in (Bar.NONE, Bar.PREREQUISITE, Bar.SKILL):
        return None
    links, way = case.index.module_links.hard, {row}
    for module, needed in zip(links.module.tolist(), links.requires.tolist(), strict=True):
        if module != row or (needed >= 0 and case.arrays.done[needed]):
            continue
        before = None if needed < 0 else whole_way(case, needed)
        if before is None:
            return None
        way |= before
    return way


def hours_up_to(case: Case, skill: int, level: float) -> dict[int, float]:
    """Return what the eligible modules that teach a skill would take up to a level of it."""
    found, now = {}, float(case.scores.standing.mastery[skill])
    for row in case.eligibility.eligible.nonzero()[0].tolist():
        for pair in pairs_of(case, row):
            rise = float(case.scores.expected_mastery[pair]) - now
            if case.index.skills.skill[pair] == skill and rise > 0.0:
                found[row] = float(case.index.hours[row]) * max((level - now) / rise, 1.0)
    return found


def promises(case: Case, locked: int) -> dict[int, float]:
    """Return what the way to a locked module promises its first steps, per hour."""
    way = whole_way(case, locked)
    if way is None:
        return {}
    links, lacking = case.index.skill_links.hard, {}
    for module, skill, level in zip(links.module, links.skill, links.min_mastery, strict=True):
        if module in way and case.scores.standing.mastery[skill] < level:
            lacking[skill] = max(float(level), lacking.get(skill, 0.0))
    climbs = [hours_up_to(case, skill, level) for skill, level in lacking.items()]
    if not all(climbs):
        return {}
    closes = sum(gap_per_hour(case, row) * case.index.hours[row] for row in way)
    lasts = sum(case.index.hours[row] for row in way) + sum(min(c.values()) for c in climbs)
    steps = {row: closes / lasts for row in way if case.eligibility.eligible[row]}
    for climb in climbs:
        for row, hours in climb.items():
            rate = closes / (lasts - min(climb.values()) + hours)
            steps[row] = max(steps.get(row, 0.0), rate)
    return steps


def promised_per_hour(case: Case) -> dict[int, float]:
    """Return what each eligible module closes in an hour, by itself or as a step of a way."""
    found = {row: gap_per_hour(case, row) for row in case.eligibility.eligible.nonzero()[0]}
    for row, bar in enumerate(case.eligibility.bar.tolist()):
        if bar in (Bar.PREREQUISITE, Bar.SKILL) and gap_per_hour(case, row) > 0.0:
            for step, rate in promises(case, row).items():
                found[step] = max(found[step], rate)
    return {row: rate * float(case.scores.p_success[row]) for row, rate in found.items()}


def gap(case: Case, row: int) -> float:
    found = promised_per_hour(case)
    largest = max(found.values(), default=0.0)
    if largest <= 1e-6:
        return 0.0
    return min(
        found.get(row, gap_per_hour(case, row) * float(case.scores.p_success[row])) / largest, 1.0
    )


def fit(case: Case, row: int) -> float:
    away = (float(case.scores.p_success[row]) - case.policy.p_target) / case.policy.p_width
    return exp(-(away**2))


def refresh(case: Case, row: int) -> float:
    if not case.eligibility.refresher[row]:
        return 0.0
    targets = [
        (p, float(case.arrays.target[case.index.skills.skill[p]])) for p in pairs_of(case, row)
    ]
    return max((closed(case, pair) / target for pair, target in targets if target > 0), default=0.0)


def dates(case: Case, row: int) -> tuple[int, float]:
    """Return tier and urgency."""
    arrays = case.arrays
    required = case.index.is_mandatory[row] or case.ruling.required_by[row] != NO_RULE
    is_over = arrays.done[row] and not case.eligibility.updated[row]
    if is_over or not (arrays.assigned[row] or required):
        return 1, 0.0
    left = float(arrays.due_at_seconds[row]) - NOW.timestamp()
    if left == inf:
        return 1, 0.25
    needed = float(case.index.duration_minutes[row]) * 60.0 + 3 * DAY
    return int(left > needed), exp(-max(left - needed, 0.0) / DAY / 14.0)


def time(case: Case, row: int) -> float:
    minutes = case.request.context.available_minutes
    if minutes is None:
        return 0.0
    if not case.index.duration_known[row]:
        return 0.5
    return min(minutes / float(case.index.duration_minutes[row]), 1.0)


def weights_of(module: Module) -> dict[str, float]:
    return {tag.skill_id: tag.weight for tag in module.skills}


def continuity(case: Case, row: int) -> float:
    if case.arrays.under_way[row]:
        return 1.0
    latest = list(dict.fromkeys(reversed(case.arrays.log.module.tolist())))[:3]
    profile: dict[str, float] = {}
    for age, each in enumerate(latest):
        for skill_id, weight in weights_of(case.index.modules[each]).items():
            profile[skill_id] = profile.get(skill_id, 0.0) + weight * 0.5**age
    own = weights_of(case.index.modules[row])
    shared = sum(weight * profile.get(skill_id, 0.0) for skill_id, weight in own.items())
    norm = sqrt(sum(w**2 for w in own.values()) * sum(w**2 for w in profile.values()))
    cosine = min(shared / norm, 1.0) if norm else 0.0
    return max(cosine, case.journey.released.get(row, 0.0))


def ready(case: Case, row: int) -> float:
    ids, result = case.index.module_ids.index_of, 1.0
    for link in case.index.modules[row].prerequisites:
        if link.is_hard:
            continue
        if link.requires_module_id in ids:
            done = case.arrays.done[ids[link.requires_module_id]]
            fails = 1.0 - float(case.scores.p_success[ids[link.requires_module_id]])
            result *= 1.0 if done else 1.0 - link.strength * fails
        elif link.requires_skill_id:
            skill = case.index.skill_ids.index_of[link.requires_skill_id]
            mastery = float(case.scores.standing.mastery[skill])
            lacking = min(max(1.0 - mastery / (link.min_mastery or 1e-9), 0.0), 1.0)
            result *= 1.0 - link.strength * lacking
    return result


PLAIN = {
    "gap": gap,
    "fit": fit,
    "refresh": refresh,
    "urgency": lambda case, row: dates(case, row)[1],
    "time": time,
    "continuity": continuity,
}


@pytest.mark.parametrize("term", PLAIN)
@given(drawn=cases())
def test_a_term_over_the_catalogue_is_what_it_is_module_by_module(term, drawn):
    case = opened(drawn)
    values = compute_terms(case).values[term]
    expected = [PLAIN[term](case, row) for row in range(len(case.index.modules))]
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)


@given(cases())
def test_tier_readiness_and_score_are_what_they_are_module_by_module(drawn):
    case = opened(drawn)
    terms = compute_terms(case)
    for row in range(len(case.index.modules)):
        assert terms.tier[row] == dates(case, row)[0]
        assert terms.ready[row] == pytest.approx(ready(case, row), rel=1e-12)
        total = sum(drawn.policy.weights[term] * float(terms.values[term][row]) for term in TERMS)
        assert terms.score[row] == pytest.approx(terms.ready[row] * total, rel=1e-12)


@given(cases())
def test_the_code_of_a_module_is_the_first_that_applies(drawn):
    case = opened(drawn)
    arrays, context = case.arrays, drawn.request.context
    for row, module in enumerate(case.index.modules):
        links, ids = module.prerequisites, case.index.module_ids.index_of
        hard = [link for link in links if link.is_hard]
        owed = arrays.assigned[row] or module.mandatory or case.ruling.required_by[row] != NO_RULE
        applies = {
            Bar.QUESTION: module.kind == "question",
            Bar.ASKED_OUT: module.module_id in context.exclude,
            Bar.FORMAT: bool(context.formats) and module.format not in context.formats,
            Bar.NOT_YET_ACTIVE: module.active_from is not None and module.active_from > NOW,
            Bar.RETIRED: module.active_until is not None and module.active_until <= NOW,
            Bar.LANGUAGE: bool(module.language)
            and bool(spoken(case))
            and module.language.split("-")[0] not in spoken(case),
            Bar.NEEDS: not arrays.learner.needs <= module.accessibility,
            Bar.DONE: bool(arrays.done[row])
            and not comes_back(case, row)
            and not (arrays.outdated[row] and (owed or teaches_what_is_asked(case, row))),
            Bar.RULE: case.ruling.excluded_by[row] != NO_RULE,
            Bar.STEP: row in case.journey.held_back and not owed and not arrays.done[row],
            Bar.PREREQUISITE: any(
                link.requires_module_id
                and not (
                    link.requires_module_id in ids and arrays.done[ids[link.requires_module_id]]
                )
                for link in hard
            ),
            Bar.SKILL: any(
                link.requires_skill_id
                and case.scores.standing.mastery[
                    case.index.skill_ids.index_of[link.requires_skill_id]
                ]
                < (link.min_mastery or 0.0)
                for link in hard
            ),
        }
        first = next((code for code in sorted(applies) if applies[code]), Bar.NONE)
        assert case.eligibility.bar[row] == first


def teaches_what_is_asked(case: Case, row: int) -> bool:
    skills = case.index.skill_ids.index_of
    return any(
        case.arrays.target[skills[tag.skill_id]] > 0 for tag in case.index.modules[row].skills
    )


def spoken(case: Case) -> set[str]:
    own = case.arrays.learner.language
    done = [
        m.language
        for m, is_done in zip(case.index.modules, case.arrays.done, strict=True)
        if is_done
    ]
    return {each.split("-")[0] for each in ([own] if own else done) if each}


def comes_back(case: Case, row: int) -> bool:
    mastery, shown = case.scores.standing.mastery, case.scores.mastery_shown
    skills = [int(case.index.skills.skill[pair]) for pair in pairs_of(case, row)]
    faded = any(
        mastery[skill] < case.arrays.target[skill] and shown[skill] - mastery[skill] >= 0.01
        for skill in skills
    )
    rested = NOW.timestamp() - case.policy.refresher_cooldown_days * DAY
    return faded and bool(case.arrays.done_at_seconds[row] <= rested)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 12))
def test_the_foremost_are_the_first_of_all_in_order(scores, most):
    rows, score = np.arange(len(scores)) * 3, np.array(scores, dtype=np.float64)
    in_order = rows[np.lexsort((rows, -score))]
    assert foremost(rows, score, most).tolist() == in_order[:most].tolist()
