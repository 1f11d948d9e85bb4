"""One learner's way through the programme, with a chooser that offers what it is told."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from simulated import ROLE, entrant, open_rules

from training.academy.texts import read_texts
from training.simulation.ability import AbilityMind
from training.simulation.entrants import Entrant, draw_entrants
from training.simulation.loop import Outcome, Passage, Rules
from training.simulation.own_choice import OwnChoice
from training.simulation.parameters import AbilityModel, Content, Entrants, Programme


@pytest.fixture(scope="module")
def rules() -> Rules:
    return open_rules()


class Listed:
    """Offers rows of a list one after the other, leaving out what is barred."""

    def __init__(self, rows):
        self.rows, self.asked_at = list(rows), []

    def choose(self, asking):
        self.asked_at.append(asking.now)
        self.rows = [row for row in self.rows if row not in asking.barred]
        return self.rows.pop(0) if self.rows else None


def passage(rules: Rules, who: Entrant) -> Passage:
    return Passage(who, AbilityMind(who.levels, who.rate, AbilityModel(), Content()), rules)


def run(rules: Rules, who: Entrant, rows) -> Outcome:
    return passage(rules, who).run(Listed(rows))


def staying(rules: Rules) -> Rules:
    return replace(rules, staying=replace(rules.staying, weekly=1e-12))


def test_who_has_it_all_is_competent_at_once_and_spends_nothing(rules):
    outcome = run(rules, entrant(rules, 0.95), [])
    assert (outcome.competent_week, outcome.completed_week, outcome.minutes) == (0.0, 0.0, 0.0)
    assert outcome.retained == 1.0


def test_nothing_to_do_is_no_competency(rules):
    outcome = run(staying(rules), entrant(rules, 0.1), [])
    assert (outcome.competent_week, outcome.completed_week) == (inf, inf)
    assert (outcome.left_week, outcome.n_modules) == (inf, 0)


def test_the_curriculum_done_is_completion_without_competency(rules):
    curriculum = rules.offer.curricula[ROLE]
    # So slow a learner gains nothing, but has the time; what is failed comes again.
    who = entrant(rules, 0.05, rate=0.0, weekly_minutes=1e4)
    outcome = run(staying(rules), who, [row for row in curriculum for _ in range(3)])
    graded = [row for row in curriculum if rules.offer.lessons[row].graded]
    assert graded
    assert outcome.competent_week == inf
    ungraded = replace(
        rules,
        offer=replace(
            rules.offer,
            lessons=tuple(replace(each, graded=False) for each in rules.offer.lessons),
        ),
    )
    outcome = run(staying(ungraded), who, curriculum)
    assert outcome.completed_week < inf
    assert outcome.competent_week == inf
    assert outcome.n_modules == len(curriculum)


def test_time_spent_is_what_modules_take_at_the_learners_pace(rules):
    row = rules.offer.curricula[ROLE][0]
    who = entrant(rules, 0.05, pace=2.0)
    chooser = Listed([row, row])
    passage(staying(rules), who).run(chooser)
    passed = (chooser.asked_at[1] - chooser.asked_at[0]).total_seconds() / 60.0
    minutes = 2.0 * rules.offer.lessons[row].minutes
    assert passed == pytest.approx(minutes / 60.0 * 7 * 24 * 60)


def test_a_module_failed_three_times_is_over(rules):
    row = next(row for row, each in enumerate(rules.offer.lessons) if each.graded)
    hopeless = replace(
        rules.offer,
        lessons=tuple(replace(each, difficulty=9.0) for each in rules.offer.lessons),
    )
    way = passage(
        staying(replace(rules, offer=hopeless)),
        entrant(rules, 0.05, rate=0.0, weekly_minutes=1e5),
    )
    way.run(Listed([row] * 5))
    assert [event.event for event in way.events] == ["failed"] * 3


def test_who_leaves_is_gone_and_leaves_the_module_open(rules):
    hurried = replace(rules, staying=replace(rules.staying, weekly=1e6))
    way = passage(hurried, entrant(rules, 0.1))
    outcome = way.run(Listed(rules.offer.curricula[ROLE]))
    assert outcome.left_week < 0.01
    assert outcome.completed_week == inf
    assert [event.event for event in way.events] == ["started"]


def test_boredom_and_being_lost_shorten_the_stay(rules):
    def weeks_stayed(level: float) -> float:
        row = next(r for r, x in enumerate(rules.offer.lessons) if 0.4 < x.difficulty < 0.5)
        lesson = replace(rules.offer.lessons[row], minutes=1e5)
        offer = replace(rules.offer, lessons=(lesson,) * len(rules.offer.lessons))
        long = replace(rules, offer=offer, programme=replace(rules.programme, n_weeks=1500))
        about = {skill for skill, _ in lesson.skills}
        levels = tuple(level if k in about else 0.1 for k in range(len(offer.index.skill_ids)))
        weeks = [
            run(long, entrant(long, level, seed=seed, levels=levels), [row]).left_week
            for seed in range(300)
        ]
        return float(np.mean(weeks))

    fits, bores, overwhelms = weeks_stayed(0.4), weeks_stayed(0.69), weeks_stayed(0.05)
    assert bores < 0.4 * fits
    assert overwhelms < 0.5 * fits


def test_the_same_seed_gives_the_same_passage(rules):
    drawn = [
        draw_entrants(
            5, rules.offer, read_texts(), (Entrants(), Programme()), np.random.default_rng(2)
        )
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    told = []
    for who in (drawn[0][0], drawn[1][0], drawn[0][1]):
        chooser = OwnChoice(who, rules.offer, np.random.default_rng([who.seed, 1]))
        way = passage(rules, who)
        told.append(
            (way.run(chooser), [replace(each, learner_id="", event_id="") for each in way.events])
        )
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_own_choices_respect_hard_prerequisites(rules):
    who = draw_entrants(
        1, rules.offer, read_texts(), (Entrants(), Programme()), np.random.default_rng(3)
    )[0]
    way = Passage(
        replace(who, weekly_minutes=500.0),
        AbilityMind(who.levels, 0.0, AbilityModel(), Content()),
        staying(rules),
    )
    way.run(OwnChoice(who, rules.offer, np.random.default_rng(4)))
    modules = {module.module_id: module for module in rules.offer.index.modules}
    done = set()
    for event in way.events:
        hard = {
            link.requires_module_id
            for link in modules[event.module_id].prerequisites
            if link.is_hard and link.requires_module_id
        }
        assert hard <= done
        if event.event != "failed":
            done.add(event.module_id)
    assert len(done) > 50


def test_curricula_climb_each_ladder_and_put_what_is_needed_first(rules):
    index = rules.offer.index
    for rows in rules.offer.curricula.values():
        assert len(set(rows)) == len(rows)
        for place, row in enumerate(rows):
            for link in index.modules[row].prerequisites:
                needed = index.module_ids.index_of.get(link.requires_module_id or "")
                assert not link.is_hard or needed is None or needed in rows[:place]
