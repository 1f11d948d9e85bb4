"""The draw: exact propensities, tiers first, diversity only where asked."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from academy import GREEDY, catalogue_of, module, request, rng, scorer_of
from drawn import Drawn, cases
from hypothesis import given
from hypothesis import strategies as st

from features.decide.case import open_case
from features.decide.decide import decide
from features.decide.slate import draw_slate
from features.domain.catalogue import Module, Policy


def index_of(n, **fields):
    return scorer_of(catalogue_of(*(module(f"m{k:02}", **fields) for k in range(n)))).index


def candidates(scores, tiers=None):
    scores = np.array(scores, dtype=float)
    tier = np.ones(len(scores)) if tiers is None else np.array(tiers)
    return np.arange(len(scores)), tier.astype(np.int8), scores


def test_without_exploration_the_best_come_first_with_certainty():
    slate = draw_slate(index_of(3), candidates([0.2, 0.9, 0.5]), 3, GREEDY, rng())
    assert [place.row for place in slate.places] == [1, 2, 0]
    assert [place.propensity for place in slate.places] == [1.0, 1.0, 1.0]


def test_equal_scores_are_ordered_by_row():
    slate = draw_slate(index_of(3), candidates([0.5, 0.5, 0.5]), 3, GREEDY, rng())
    assert [place.row for place in slate.places] == [0, 1, 2]


def test_the_propensity_is_the_softmax_over_what_is_left():
    policy = replace(GREEDY, exploration=0.1)
    slate = draw_slate(index_of(2), candidates([0.3, 0.4]), 2, policy, rng())
    p_best = 1 / (1 + np.exp(-1))
    first = slate.places[0]
    assert first.propensity == pytest.approx(p_best if first.row == 1 else 1 - p_best)
    assert slate.places[1].propensity == pytest.approx(1.0)
    assert slate.p_first.tolist() == pytest.approx([p_best, 1 - p_best])


def test_draws_follow_their_propensities():
    policy = replace(GREEDY, exploration=0.2)
    source = np.random.default_rng(7)
    index, offered = index_of(3), candidates([0.5, 0.4, 0.1])
    drawn = [draw_slate(index, offered, 1, policy, source).places[0] for _ in range(4000)]
    counts = Counter(place.row for place in drawn)
    for place in {place.row: place for place in drawn}.values():
        assert counts[place.row] / 4000 == pytest.approx(place.propensity, abs=0.03)


def test_tier_zero_leads_and_is_never_drawn_by_chance():
    policy = replace(GREEDY, exploration=1.0)
    slate = draw_slate(
        index_of(4), candidates([0.9, 0.1, 0.2, 0.8], [1, 0, 0, 1]), 2, policy, rng()
    )
    assert [(p.row, p.propensity) for p in slate.places] == [(2, 1.0), (1, 1.0)]
    assert slate.p_first[0] == 1.0


def test_only_the_best_twenty_can_be_drawn():
    policy = replace(GREEDY, exploration=1.0)
    index, offered = index_of(30), candidates(np.linspace(1, 0, 30))
    source = np.random.default_rng(3)
    drawn = {draw_slate(index, offered, 1, policy, source).places[0].row for _ in range(500)}
    assert max(drawn) < 20


def test_diversity_puts_another_format_second_where_scores_are_close():
    modules = [module("m0", "a", format="video"), module("m1", "a", format="video")]
    modules += [module("m2", "b", format="article"), module("m3", "b", format="article")]
    index = scorer_of(catalogue_of(*modules)).index
    scores = [0.50, 0.49, 0.48, 0.40]
    varied = draw_slate(index, candidates(scores), 2, Policy(exploration=0, diversity=0.5), rng())
    plain = draw_slate(index, candidates(scores), 2, GREEDY, rng())
    assert [place.row for place in varied.places] == [0, 2]
    assert [place.row for place in plain.places] == [0, 1]


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    limit=st.integers(1, 40),
    exploration=st.floats(0, 1),
    diversity=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_slate_has_no_repeats_and_lawful_propensities(
    scores, limit, exploration, diversity, seed
):
    policy = replace(GREEDY, exploration=exploration, diversity=diversity)
    source = np.random.default_rng(seed)
    index = index_of(len(scores), skill="s", format="video")
    slate = draw_slate(index, candidates(scores), limit, policy, source)
    rows = [place.row for place in slate.places]
    assert len(rows) == len(set(rows)) == min(limit, len(scores))
    assert all(0 < place.propensity <= 1 + 1e-12 for place in slate.places)
    assert slate.p_first.sum() == pytest.approx(1.0)


def likeness(one: Module, other: Module) -> float:
    """Return half for the cosine of skills, half for the same format."""
    first, second = ({tag.skill_id: tag.weight for tag in each.skills} for each in (one, other))
    shared = sum(weight * second.get(skill_id, 0.0) for skill_id, weight in first.items())
    length = np.sqrt(sum(w**2 for w in first.values()) * sum(w**2 for w in second.values()))
    cosine = shared / length if length else 0.0
    return 0.5 * cosine + 0.5 * (one.format is not None and one.format == other.format)


def core_of(drawn: Drawn) -> set[str]:
    """Return what is owed, and modules of open core steps."""
    case = open_case(drawn.request, drawn.scorer, drawn.policy)
    return {
        module.module_id
        for row, module in enumerate(case.index.modules)
        if module.mandatory
        or case.arrays.assigned[row]
        or case.ruling.required_by[row] >= 0
        or case.journey.released.get(row) == 1.0
    }


@given(drawn=cases())
def test_every_place_is_drawn_by_score_less_likeness_to_what_stands_above_it(drawn: Drawn):
    answer = decide(drawn.request, drawn.scorer, drawn.policy, rng())
    found, core, modules = answer.candidates, core_of(drawn), drawn.modules
    rest = {
        name: score
        for name, score, tier in zip(found.module_ids, found.score, found.tier, strict=True)
        if tier
    }
    spread = max(rest.values(), default=0.0) - min(rest.values(), default=0.0)
    above: list[Module] = []
    for item in answer.items:
        if item.tier:
            utility = {
                name: score
                - drawn.policy.diversity
                * spread
                * max((likeness(modules[name], each) for each in above), default=0.0)
                * (name not in core)
                for name, score in rest.items()
            }
            if drawn.policy.exploration == 0:
                assert utility[item.module_id] == pytest.approx(max(utility.values()), abs=1e-12)
            else:
                weight = {n: np.exp(u / drawn.policy.exploration) for n, u in utility.items()}
                p = weight[item.module_id] / sum(weight.values())
                assert item.propensity == pytest.approx(p)
            del rest[item.module_id]
        above.append(modules[item.module_id])


@given(drawn=cases())
def test_variety_never_comes_before_core_that_ranks_before_it(drawn: Drawn):
    varied = replace(drawn.policy, diversity=1.0, exploration=0.0)
    answer = decide(drawn.request, drawn.scorer, varied, rng())
    core = core_of(drawn)
    ranks = {item.module_id: item.rank for item in answer.items}
    columns = (answer.candidates.module_ids, answer.candidates.score, answer.candidates.tier)
    ranked = list(zip(*columns, strict=True))
    for name, score, tier in ranked:
        for other, other_score, other_tier in ranked:
            is_before = other in core and name not in core and other_tier == tier
            if is_before and other_score > score and name in ranks:
                assert ranks.get(other, len(ranks) + 1) < ranks[name]


def test_required_modules_alike_are_not_pushed_apart():
    def owed(name):
        return module(name, "sql", format="video", mandatory=True)

    other = module("m3", "chess", format="article")
    catalogue = catalogue_of(owed("m1"), owed("m2"), other)
    scorer = scorer_of(catalogue, affinity={"m1": 0.9, "m2": 0.8, "m3": 0.7, "m4": 0.1})
    policy = Policy(weights={"affinity": 1.0}, exploration=0.0, diversity=1.0)
    answer = decide(request(limit=3), scorer, policy, rng())
    assert [item.module_id for item in answer.items] == ["m1", "m2", "m3"]
    free = scorer_of(
        replace(catalogue, modules=tuple(replace(m, mandatory=False) for m in catalogue.modules)),
        affinity=scorer.affinity,
    )
    answer = decide(request(limit=3), free, policy, rng())
    assert [item.module_id for item in answer.items] == ["m1", "m3", "m2"]
