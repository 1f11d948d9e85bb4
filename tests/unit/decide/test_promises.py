"""What holds for every decision, whatever the academy, the learner and the policy."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from academy import NOW, event, rng
from drawn import Drawn, cases, draw_interaction, draw_judgement
from hypothesis import given
from hypothesis import strategies as st

from features.decide.case import open_case
from features.decide.decide import choose, choose_all, decide, skill_standings
from features.decide.progress import journey_of
from features.domain.catalogue import TERMS, Module, Rule
from features.domain.history import LearnerHistory, is_done, success_of
from features.domain.recommendation import SkillStanding
from features.encode.learner import encode_learner
from features.encode.log import encode_histories

seeds = st.integers(0, 2**32 - 1)


def done_in(drawn: Drawn) -> set[str]:
    done = set()
    for each in drawn.request.history.interactions:
        module = drawn.modules.get(each.module_id)
        mark = module.pass_mark if module else 0.5
        if is_done(each.event, success_of(each.event, each.success, each.score, mark)):
            done.add(each.module_id)
    return done


def standings(drawn: Drawn) -> dict[str, SkillStanding]:
    return {each.skill_id: each for each in skill_standings(drawn.request, drawn.scorer)}


def truths(drawn: Drawn) -> Mapping[str, Callable[[], bool]]:
    """Read the conditions that drawn academies have without CEL."""
    history, done = drawn.request.history, done_in(drawn)
    first = [each.score or 0.0 for each in history.interactions if each.module_id == "m0"]
    return {
        "true": lambda: True,
        'learner.department == "Sales"': lambda: history.learner.department == "Sales",
        '"m0" in done': lambda: "m0" in done,
        '!("m1" in done)': lambda: "m1" not in done,
        'mastery["s0"] >= 0.36': lambda: standings(drawn)["s0"].mastery >= 0.36,
        'scores["m0"] >= 0.5': lambda: max(first, default=0.0) >= 0.5,
    }


def holding(drawn: Drawn) -> list[Rule]:
    true = truths(drawn)
    return [
        rule
        for rule in drawn.scorer.index.catalogue.rules
        if not ('["s0"]' in rule.when and "s0" not in standings(drawn)) and true[rule.when]()
    ]


def speaks(language: str | None, drawn: Drawn, done: set[str]) -> bool:
    own = drawn.request.history.learner.language
    spoken = {own} if own else {m.language for m in drawn.modules.values() if m.module_id in done}
    primary = {each.split("-")[0] for each in spoken if each}
    return language is None or not primary or language.split("-")[0] in primary


def is_owed(module: Module, drawn: Drawn, rules: list[Rule]) -> bool:
    assigned = {each.module_id for each in drawn.request.history.assignments}
    ruled = {name for rule in rules for name in (*rule.assign, *rule.require)}
    return module.mandatory or module.module_id in assigned | ruled


def is_excluded(module: Module, rules: list[Rule]) -> bool:
    name = module.module_id
    against = [rule.priority for rule in rules if name in rule.exclude]
    owed = [rule.priority for rule in rules if name in (*rule.assign, *rule.require)]
    return bool(against) and max(owed, default=-1) <= max(against)


@given(drawn=cases())
def test_nothing_that_must_not_be_offered_is_offered(drawn: Drawn) -> None:
    request, rules, done = drawn.request, holding(drawn), done_in(drawn)
    answer = decide(request, drawn.scorer, drawn.policy, rng())
    mastery = {skill_id: each.mastery for skill_id, each in standings(drawn).items()}
    for item in answer.items:
        module = drawn.modules[item.module_id]
        assert module.kind != "question"
        assert module.module_id not in request.context.exclude
        assert not request.context.formats or module.format in request.context.formats
        assert module.active_from is None or module.active_from <= NOW
        assert module.active_until is None or module.active_until > NOW
        assert request.history.learner.needs <= module.accessibility
        assert speaks(module.language, drawn, done)
        assert not is_excluded(module, rules)
        for link in module.prerequisites:
            if link.is_hard and link.requires_module_id:
                assert link.requires_module_id in done
            elif link.is_hard:
                assert mastery[link.requires_skill_id] >= link.min_mastery


@given(drawn=cases())
def test_modules_of_locked_steps_are_offered_only_where_they_are_owed(drawn: Drawn) -> None:
    rules, done = holding(drawn), done_in(drawn)
    locked, free = set(), set()
    for pathway in journey_of(drawn.request, drawn.scorer):
        steps = {step.step_id: step for step in _pathway(drawn, pathway.pathway_id).steps}
        locked |= {name for each in pathway.locked for name in each.module_ids}
        others = (*pathway.next, *pathway.done)
        free |= {name for each in others for name in steps[each.step_id].any_of}
    for item in decide(drawn.request, drawn.scorer, drawn.policy, rng()).items:
        if item.module_id in locked - free - done:
            assert is_owed(drawn.modules[item.module_id], drawn, rules)


def _pathway(drawn: Drawn, pathway_id: str):
    every = drawn.scorer.index.catalogue.pathways
    return next(each for each in every if each.pathway_id == pathway_id)


@given(drawn=cases())
def test_done_modules_come_back_updated_or_as_refreshers_of_a_skill_under_its_target(
    drawn: Drawn,
) -> None:
    done, required = done_in(drawn), standings(drawn)
    for item in decide(drawn.request, drawn.scorer, drawn.policy, rng()).items:
        if item.module_id in done:
            module = drawn.modules[item.module_id]
            asked = [required[tag.skill_id] for tag in module.skills]
            last = max(
                each.at
                for each in drawn.request.history.interactions
                if each.module_id == item.module_id
                and is_done(
                    each.event,
                    success_of(each.event, each.success, each.score, module.pass_mark),
                )
            )
            if "updated" in {reason.code for reason in item.reasons}:
                assert last < module.versioned_at
                is_asked = any(standing.target for standing in asked)
                assert is_asked or is_owed(module, drawn, holding(drawn))
            else:
                assert any((standing.gap or 0.0) > 0 for standing in asked)
                assert (NOW - last).days >= drawn.policy.refresher_cooldown_days


@given(drawn=cases(), seed=seeds, what=st.sampled_from(["viewed", "started", "completed"]))
def test_coming_back_to_a_module_takes_nothing_away(drawn: Drawn, seed: int, what: str) -> None:
    done = sorted(done_in(drawn) & drawn.modules.keys())
    if not done:
        return
    later = drawn.later(event(Random(seed).choice(done), what, 0.0))
    assert done_in(later) == done_in(drawn)
    before, after = (open_case(each.request, each.scorer, each.policy) for each in (drawn, later))
    ended = before.eligibility.eligible & ~after.eligibility.eligible
    assert not (ended & ~before.arrays.done).any()
    assert (after.scores.standing.mastery >= before.scores.standing.mastery - 1e-9).all()


@given(drawn=cases())
def test_tier_zero_leads_and_contributions_sum_to_the_score(drawn: Drawn) -> None:
    items = decide(drawn.request, drawn.scorer, drawn.policy, rng()).items
    assert [item.tier for item in items] == sorted(item.tier for item in items)
    for item in items:
        assert tuple(item.contributions) == TERMS
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-12)
        assert -1e-12 <= item.score <= 1 + 1e-12
        if item.tier == 0:
            assert item.propensity == 1.0


@given(drawn=cases())
def test_probabilities_of_leading_are_those_of_the_first_place(drawn: Drawn) -> None:
    answer = decide(drawn.request, drawn.scorer, drawn.policy, rng())
    candidates = answer.candidates
    if not candidates.module_ids:
        assert answer.items == ()
        return
    leading = dict(zip(candidates.module_ids, candidates.p_first, strict=True))
    assert answer.items[0].propensity == pytest.approx(leading[answer.items[0].module_id])
    assert sum(candidates.p_first) == pytest.approx(1.0)
    score, tier = np.array(candidates.score), np.array(candidates.tier)
    if tier.min() == 0 or drawn.policy.exploration == 0:
        best = max(np.flatnonzero(tier == tier.min()), key=lambda k: (score[k], -k))
        assert candidates.p_first[best] == 1.0
    else:
        weights = np.exp((score - score.max()) / drawn.policy.exploration)
        assert candidates.p_first == pytest.approx(weights / weights.sum())


@given(drawn=cases(), term=st.sampled_from(TERMS), share=st.sampled_from([0.05, 0.5, 1.0]))
def test_raising_a_weight_does_not_lower_the_module_with_most_of_its_term(
    drawn: Drawn, term: str, share: float
) -> None:
    weights = {name: (1 - share) * weight for name, weight in drawn.policy.weights.items()}
    raised = replace(drawn.policy, weights=weights | {term: weights[term] + share})
    before = decide(drawn.request, drawn.scorer, drawn.policy, rng()).candidates
    after = decide(drawn.request, drawn.scorer, raised, rng()).candidates
    assert sorted(before.module_ids) == sorted(after.module_ids)
    worth = np.array(before.ready) * np.array(before.terms[term])
    for tier in set(before.tier):
        within = np.flatnonzero(np.array(before.tier) == tier)
        best = before.module_ids[within[np.argmax(worth[within])]]
        assert _n_above(after, best) <= _n_above(before, best)


def _n_above(candidates, module_id: str) -> int:
    """Count modules of the same tier whose score is greater by more than rounding."""
    place = candidates.module_ids.index(module_id)
    tier, score = np.array(candidates.tier), np.array(candidates.score)
    return int(((score > score[place] + 1e-12) & (tier == tier[place])).sum())


@given(drawn=cases(), seed=seeds)
def test_more_evidence_never_lowers_what_is_known_of_a_skill(drawn: Drawn, seed: int) -> None:
    draw, names = Random(seed), tuple(drawn.modules)
    drawn = drawn.later(*(draw_interaction(draw, names) for _ in range(draw.randint(0, 30))))
    history = drawn.request.history
    if draw.random() < 0.5:
        more = drawn.later(draw_interaction(draw, names, 0.0))
    else:
        judged = (*history.evidence, draw_judgement(draw))
        judged = tuple(sorted(judged, key=lambda each: each.at))
        more = drawn.known(replace(history, evidence=judged))
    before, after = standings(drawn), standings(more)
    for skill_id, standing in before.items():
        assert after[skill_id].standard_error <= standing.standard_error * (1 + 1e-9)
        assert after[skill_id].n_evidence >= standing.n_evidence


@given(drawn=cases(), seed=seeds, what=st.sampled_from(["passed", "completed"]))
def test_finishing_a_module_raises_the_gap_of_none_of_its_skills(
    drawn: Drawn, seed: int, what: str
) -> None:
    module_id = Random(seed).choice(sorted(drawn.modules))
    before, after = standings(drawn), standings(drawn.later(event(module_id, what, 0.0)))
    for tag in drawn.modules[module_id].skills:
        assert after[tag.skill_id].mastery >= before[tag.skill_id].mastery - 1e-9
        assert (after[tag.skill_id].gap or 0.0) <= (before[tag.skill_id].gap or 0.0) + 1e-9


@given(drawn=cases(), others=st.lists(cases(), max_size=2), place=st.integers(0, 2))
def test_one_learner_encodes_as_among_many(drawn: Drawn, others: list[Drawn], place: int) -> None:
    index = drawn.scorer.index
    crowd = [_named(each.request.history, f"other {k}") for k, each in enumerate(others)]
    crowd.insert(place, drawn.request.history)
    row = crowd.index(drawn.request.history)
    many = encode_histories(crowd, index.module_ids, index.pass_marks)
    one = encode_learner(drawn.request.history, index).log
    rows = slice(int(many.starts[row]), int(many.starts[row + 1]))
    for column in ("module", "event", "at_seconds", "score", "success"):
        np.testing.assert_array_equal(getattr(many, column)[rows], getattr(one, column))
    np.testing.assert_array_equal(many.done[rows], one.done)


def _named(history: LearnerHistory, name: str) -> LearnerHistory:
    return replace(history, learner=replace(history.learner, learner_id=name))


@given(drawn=cases())
def test_the_same_question_and_seed_give_the_same_answer(drawn: Drawn) -> None:
    first, second = (
        decide(drawn.request, drawn.scorer, drawn.policy, np.random.default_rng(5))
        for _ in range(2)
    )
    assert first == second


@given(drawn=cases())
def test_a_shown_module_is_eligible(drawn: Drawn) -> None:
    eligibility = open_case(drawn.request, drawn.scorer, drawn.policy).eligibility
    rows = drawn.scorer.index.module_ids.index_of
    answer = decide(drawn.request, drawn.scorer, drawn.policy, rng())
    shown = [item.module_id for item in answer.items]
    assert len(set(shown)) == len(shown)
    assert len(shown) == min(drawn.request.context.limit, int(eligibility.eligible.sum()))
    assert all(eligibility.eligible[rows[module_id]] for module_id in shown)


@given(drawn=cases())
def test_who_is_decided_for_together_is_given_what_each_is_alone(drawn: Drawn) -> None:
    history = drawn.request.history
    requests = []
    for k in range(4):
        learner = replace(history.learner, learner_id=f"learner {k}")
        known = history.interactions[: k * len(history.interactions) // 3]
        judged = tuple(replace(each, learner_id=learner.learner_id) for each in history.evidence)
        theirs = replace(history, learner=learner, interactions=known, evidence=judged if k else ())
        requests.append(replace(drawn.request, history=theirs))
    alone = [choose(each, drawn.scorer, drawn.policy, rng()) for each in requests]
    assert choose_all(requests, drawn.scorer, drawn.policy, [rng() for _ in requests]) == alone
    arrays = [encode_learner(each.history, drawn.scorer.index) for each in requests]
    now = [each.now.timestamp() for each in requests]
    histories = [each.history for each in requests]
    together = drawn.scorer.score_all(histories, arrays, np.array(now))
    for scores, own in zip(together, zip(histories, arrays, now, strict=True), strict=True):
        one = drawn.scorer.score(*own)
        for name in ("p_success", "affinity", "mastery_shown", "expected_mastery"):
            assert getattr(scores, name) == pytest.approx(getattr(one, name), abs=1e-9)
        assert scores.standing.mastery == pytest.approx(one.standing.mastery, abs=1e-9)
