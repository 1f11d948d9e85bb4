"""What an answer says would follow does follow: the module is completed, and asked for again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from academy import GREEDY, NOW, catalogue_of, event, module, needs, request, rng, scorer_of
from drawn import Drawn, cases
from hypothesis import given

from features.decide.case import open_case
from features.decide.decide import decide, skill_standings
from features.domain.catalogue import Pathway, PathwayStep, Prerequisite
from features.domain.history import LearnerHistory
from features.domain.recommendation import Recommendation, Withheld
from features.encode.learner import LearnerArrays
from features.score.scorer import Scorer
from features.score.scores import Scores


def answer_of(drawn: Drawn) -> Recommendation:
    return decide(drawn.request, drawn.scorer, drawn.policy, rng())


def eligible(drawn: Drawn) -> set[str]:
    case = open_case(drawn.request, drawn.scorer, drawn.policy)
    names = case.index.module_ids.ids
    return {names[row] for row in case.eligibility.eligible.nonzero()[0].tolist()}


def recorded(drawn: Drawn, answer: Recommendation) -> Drawn:
    """Keep what rules assign with the answer, as the service does."""
    history = drawn.request.history
    return drawn.known(replace(history, assignments=(*history.assignments, *answer.assignments)))


@given(drawn=cases())
def test_exactly_what_a_module_unlocks_is_eligible_after_it(drawn: Drawn) -> None:
    answer = answer_of(drawn)
    before = eligible(drawn)
    for item in answer.items:
        after = eligible(recorded(drawn, answer).later(event(item.module_id, "completed", 0.0)))
        assert set(item.unlocks) == after - before


def test_a_module_unlocks_no_refresher_of_a_skill_that_it_practises_itself():
    behind = (needs("m1"),)
    catalogue = catalogue_of(
        module("m1", "sql"),
        module("m2", "sql", prerequisites=behind),
        module("m3", "chess", prerequisites=behind),
        sql=0.8,
        chess=0.8,
    )
    faded = dict.fromkeys(("sql", "chess"), 0.5)
    scorer = scorer_of(catalogue, mastery=faded, mastery_shown=dict.fromkeys(faded, 0.8))
    did = request(event("m2", days_ago=90), event("m3", days_ago=90))
    (item,) = decide(did, scorer, GREEDY, rng()).items
    assert (item.module_id, item.unlocks) == ("m1", ("m3",))


@given(drawn=cases())
def test_a_module_brings_the_mastery_it_was_said_to_bring(drawn: Drawn) -> None:
    for item in answer_of(drawn).items:
        later = drawn.later(event(item.module_id, "completed", 0.0))
        found = {each.skill_id: each for each in skill_standings(later.request, later.scorer)}
        for closing in item.closes:
            assert closing.expected_mastery > closing.mastery
            assert found[closing.skill_id].mastery == pytest.approx(closing.expected_mastery)


@given(drawn=cases())
def test_what_a_withheld_module_needs_opens_it(drawn: Drawn) -> None:
    answer = answer_of(drawn)
    for withheld in answer.withheld:
        if withheld.when is None and "gone" not in withheld.needs:
            assert withheld.module_id in eligible(fulfilled(recorded(drawn, answer), withheld))
            assert withheld.module_id not in eligible(drawn)


def fulfilled(drawn: Drawn, withheld: Withheld) -> Drawn:
    """Do all that is asked for, and wait for the day."""
    done = [each for each in withheld.needs if each in drawn.modules]
    later = drawn.later(*(event(module_id, "completed", 0.0) for module_id in done))
    levels = {
        link.requires_skill_id: link.min_mastery
        for link in drawn.modules[withheld.module_id].prerequisites
        if link.requires_skill_id in withheld.needs and link.is_hard
    }
    assert {*done, *levels} == set(withheld.needs)
    request = replace(later.request, now=withheld.opens_at or later.request.now)
    return replace(later, request=request, scorer=Lifted(drawn.scorer, levels))


class Lifted:
    """The same models, for a learner who has come to some levels."""

    def __init__(self, scorer: Scorer, levels: Mapping[str, float]) -> None:
        self.index, self.version = scorer.index, scorer.version
        self._scorer, self._levels = scorer, levels

    def score(self, history: LearnerHistory, arrays: LearnerArrays, now_seconds: float) -> Scores:
        scores = self._scorer.score(history, arrays, now_seconds)
        mastery = scores.standing.mastery.copy()
        for skill_id, level in self._levels.items():
            skill = self.index.skill_ids.index_of[skill_id]
            mastery[skill] = max(mastery[skill], level)
        return replace(scores, standing=replace(scores.standing, mastery=mastery))


def test_a_skill_that_the_module_lifts_over_the_bar_opens_what_asks_for_it() -> None:
    barred = Prerequisite(requires_skill_id="sql", min_mastery=0.5)
    catalogue = catalogue_of(module("m1", "sql"), module("m2", prerequisites=(barred,)), sql=0.9)
    enough, too_little = (scorer_of(catalogue, mastery={"sql": 0.35}, gain=g) for g in (0.2, 0.1))
    assert decide(request(), enough, GREEDY, rng()).items[0].unlocks == ("m2",)
    assert decide(request(), too_little, GREEDY, rng()).items[0].unlocks == ()


def test_a_module_barred_by_a_date_and_by_others_names_both() -> None:
    late = module("m2", prerequisites=(needs("m1"),), active_from=NOW + timedelta(days=3))
    scorer = scorer_of(catalogue_of(module("m1"), late))
    answer = decide(request(limit=2), scorer, GREEDY, rng())
    (withheld,) = answer.withheld
    assert (withheld.code, withheld.needs) == ("not_yet_active", ("m1",))
    assert withheld.opens_at == NOW + timedelta(days=3)
    assert withheld.text == "It opens on 2026-03-05. It asks for About m1 to be done first."
    assert answer.items[0].unlocks == ()


def test_a_condition_of_a_step_is_named_beside_what_else_it_needs() -> None:
    condition = 'evidence["sql"] >= 0.5'
    steps = (
        PathwayStep(step_id="a", any_of=("m1",)),
        PathwayStep(step_id="b", any_of=("m2",), requires=("a",), when=condition),
    )
    pathway = Pathway(pathway_id="p", title="To there", goal={"role_id": "analyst"}, steps=steps)
    catalogue = replace(catalogue_of(module("m1"), module("m2")), pathways=(pathway,))
    (withheld,) = decide(request(), scorer_of(catalogue), GREEDY, rng()).withheld
    assert (withheld.needs, withheld.when) == (("m1",), condition)


def test_what_its_own_needs_would_bar_is_not_named_as_withheld() -> None:
    spanish, english = module("m1", language="es"), module("m2", language="en")
    locked = replace(english, prerequisites=(needs("m1"),))
    scorer = scorer_of(catalogue_of(spanish, locked))
    answer = decide(request(), scorer, GREEDY, rng())
    assert answer.items[0].unlocks == ()
    assert answer.withheld == ()
