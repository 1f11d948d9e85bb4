"""A pre-assessment before the first module: what is asked, what it costs, what it leaves behind."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from simulated import ROLE, STARTS_AT, entrant, open_rules

from features.domain.history import Event
from features.encode.catalogue import CatalogueIndex
from features.score.levels import levels_of_modules
from features.score.scorer import bind
from training.simulation.ability import AbilityMind
from training.simulation.loop import Passage, Rules
from training.simulation.parameters import (
    AbilityModel,
    Content,
    Questions,
    Staying,
)
from training.simulation.questions import QuestionBank, write_questions
from training.simulation.sitting import Sitting

ASKED = Questions(most=6)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return replace(open_rules(), staying=replace(Staying(), weekly=1e-12))


@pytest.fixture(scope="module")
def bank(rules) -> QuestionBank:
    return write_questions(rules.offer, ASKED, np.random.default_rng(2))


@pytest.fixture(scope="module")
def sit(bank):
    scorer = bind(bank.index, None)
    return lambda history, now: Sitting(history, scorer, bank, ASKED, now)


class Once:
    """Offers nothing, and hears what is known when it is asked first."""

    def __init__(self):
        self.asking = None

    def choose(self, asking):
        self.asking = self.asking or asking


def passage(rules: Rules, level: float, sit, **fields) -> Passage:
    who = entrant(rules, level, **fields)
    mind = AbilityMind(who.levels, who.rate, AbilityModel(), Content())
    return Passage(who, mind, rules, sit)


def first_asking(way: Passage):
    chooser = Once()
    way.run(chooser)
    return chooser.asking


def test_questions_are_beside_the_offer_easy_to_hard_and_nearly_as_hard_as_stated(rules, bank):
    offered, index = rules.offer.index, bank.index
    assert isinstance(index, CatalogueIndex)
    assert not offered.is_question.any()
    assert index.is_question.sum() == len(offered.skill_ids) * ASKED.n_per_skill == len(bank.truth)
    assert set(offered.module_ids.ids) | set(bank.truth) == set(index.module_ids.ids)
    stated = {each.module_id: each.difficulty for each in index.modules}
    off = np.array([stated[module_id] - each.difficulty for module_id, each in bank.truth.items()])
    assert off.std() == pytest.approx(ASKED.authoring_error, rel=0.2)
    first = [each.difficulty for each in bank.truth.values() if each.skill == 0]
    assert first == pytest.approx((np.arange(12) + 0.5) / 12)


def test_the_minutes_of_questions_are_spent_before_the_first_module(rules, sit):
    asking = first_asking(passage(rules, 0.1, sit, pace=2.0))
    spent = (asking.now - STARTS_AT).total_seconds() / 60.0
    # Six questions of a minute at half the pace, of an hour a week.
    assert spent == pytest.approx(6 * 2.0 / 60.0 * 7 * 24 * 60)
    outcome = passage(rules, 0.1, sit, pace=2.0).run(Once())
    assert outcome.minutes == pytest.approx(39 * 60.0)


def test_answers_become_evidence_of_every_required_skill_and_waive_what_is_known(rules, sit):
    required = {rules.offer.index.skill_ids.ids[skill] for skill, _ in rules.offer.targets[ROLE]}
    told = {}
    for level in (0.05, 0.35):
        asking = first_asking(passage(rules, level, sit))
        evidence = asking.history.evidence
        assert {each.skill_id for each in evidence} == required
        assert {(each.source, each.at) for each in evidence} == {("assessment", asking.now)}
        assert {each.event for each in asking.history.interactions} <= {Event.WAIVED}
        told[level] = np.mean([each.level for each in evidence])
    assert told[0.05] < told[0.35]


def test_what_is_waived_would_be_passed_nine_times_in_ten(rules, bank, sit):
    history = first_asking(passage(rules, 0.35, sit)).history
    known = {each.skill_id: each.level for each in history.evidence}
    index, success = bank.index, bind(bank.index, None).success
    slope = success.levels.scale.logits_per_level
    assert history.interactions
    for event in history.interactions:
        row = index.module_ids.index_of[event.module_id]
        least = min(known[each.skill_id] for each in index.modules[row].skills)
        logit = slope * (least - levels_of_modules(success)[row]) + np.log(3)
        assert 1 / (1 + np.exp(-logit)) > 0.9


def test_who_is_competent_already_is_not_asked(rules):
    def refuse(*_):
        pytest.fail("nothing is to be asked")

    assert passage(rules, 0.95, refuse).run(Once()).competent_week == 0.0


def test_who_leaves_while_asked_has_told_nothing(rules, sit):
    hurried = replace(rules, staying=replace(rules.staying, weekly=1e4))
    chooser = Once()
    outcome = passage(hurried, 0.1, sit).run(chooser)
    assert outcome.left_week < 0.01
    assert chooser.asking is None


def test_answers_draw_nothing_from_what_else_happens_to_the_learner(rules, sit):
    row = next(row for row, each in enumerate(rules.offer.lessons) if each.graded)

    class Same(Once):
        def choose(self, asking):
            return row if row not in asking.barred else None

    hopeless = replace(
        rules.offer, lessons=tuple(replace(each, difficulty=0.4) for each in rules.offer.lessons)
    )
    scores = []
    for opening in (None, sit):
        way = passage(replace(rules, offer=hopeless), 0.1, opening, rate=0.0, weekly_minutes=1e5)
        way.run(Same())
        scores.append([each.score for each in way.events if each.event is not Event.WAIVED])
    assert scores[0] == scores[1]


def test_before_the_end_there_is_nothing_to_keep(rules, sit):
    way = passage(rules, 0.1, None)
    asking = first_asking(way)
    sitting = sit(asking.history, asking.now)
    answer = partial(sitting.answer, is_right=True, now=asking.now)
    for _ in range(ASKED.most):
        assert sitting.question is not None
        assert (list(sitting.evidence), list(sitting.waivers)) == ([], [])
        answer()
    assert sitting.question is None
    assert sitting.evidence
    assert sitting.waivers
