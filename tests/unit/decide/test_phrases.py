"""The tables of words: the same codes and facts in every language, and what becomes of them."""

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from academy import (
    GREEDY,
    NOW,
    catalogue_of,
    event,
    module,
    needs,
    owes,
    request,
    rng,
    scorer_of,
)
from drawn import Drawn, cases
from hypothesis import given

from features.decide import reasons
from features.decide.decide import decide
from features.decide.phrases.choice import LANGUAGES, language_for
from features.decide.phrases.english import ENGLISH
from features.decide.phrases.german import GERMAN
from features.decide.phrases.language import COUNTS, DAYS, LEVELS, SHARES, placeholders
from features.domain.history import Learner

OTHERS = [each for each in LANGUAGES.values() if each is not ENGLISH]
GERMAN_SPEAKER = Learner(learner_id="ada", role_id="analyst", language="de-AT")


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.code)
def test_every_language_has_every_code_with_the_same_facts(language) -> None:
    assert language.templates.keys() == ENGLISH.templates.keys()
    for code, template in language.templates.items():
        assert placeholders(template) == placeholders(ENGLISH.templates[code]), code


def test_every_code_that_decide_speaks_has_words() -> None:
    spoken = set()
    for path in Path(reasons.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[0] if node.args else None
                if node.func.attr == "say" and isinstance(first, ast.Constant):
                    spoken.add(first.value)
    assert spoken
    assert spoken <= ENGLISH.templates.keys()


def test_every_fact_is_written_in_one_way() -> None:
    kinds = (LEVELS, SHARES, COUNTS, DAYS)
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


@pytest.mark.parametrize(
    ("wanted", "code"),
    [(("de-AT", "en"), "de"), ((None, "de_CH"), "de"), (("sw", "de"), "en"), ((None, None), "en")],
)
def test_the_language_is_the_first_that_is_named_else_english(wanted, code) -> None:
    assert language_for(*wanted).code == code


@pytest.mark.parametrize(
    ("language", "minutes", "text"),
    [
        (ENGLISH, 1.0, "At 1 minute it fits the 20 you have."),
        (ENGLISH, 15.0, "At 15 minutes it fits the 20 you have."),
        (GERMAN, 1.0, "Mit 1 Minute passt es in die 20, die Sie haben."),
        (GERMAN, 15.0, "Mit 15 Minuten passt es in die 20, die Sie haben."),
    ],
)
def test_one_minute_is_singular(language, minutes, text) -> None:
    assert language.say("time", {"minutes": minutes, "available": 20.0}) == text


def test_numbers_and_days_are_written_as_the_language_writes_them() -> None:
    facts = {"p_success": 0.754, "skill": "SQL", "level": 0.5, "due": NOW}
    assert ENGLISH.say("fit", facts).endswith("75%.")
    assert GERMAN.say("fit", facts).endswith("75 %.")
    assert GERMAN.say("need_skill", facts) == "SQL auf Stufe 0,50"
    assert GERMAN.say("overdue", facts) == "Es war am 02.03.2026 fällig."


def test_lists_end_with_a_word() -> None:
    assert [ENGLISH.all_of("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert GERMAN.any_of("ab") == "a oder b"


def test_learners_are_spoken_to_in_their_language() -> None:
    locked = module("m2", prerequisites=(needs("m1"), needs("m0")))
    scorer = scorer_of(catalogue_of(module("m0"), module("m1"), locked))
    asked = request(learner=GERMAN_SPEAKER, assignments=[owes("m1", days=-1)])
    answer = decide(asked, scorer, GREEDY, rng())
    assert answer.items[0].reasons[0].text == "Es war am 01.03.2026 fällig."
    text = "Dafür braucht es den Abschluss von About m1 und den Abschluss von About m0."
    assert answer.withheld[0].text == text
    english = decide(
        replace(asked, context=replace(asked.context, language="en")), scorer, GREEDY, rng()
    )
    assert english.items[0].reasons[0].text == "It was due on 2026-03-01."


@given(drawn=cases())
def test_answers_differ_between_languages_in_their_words_alone(drawn: Drawn) -> None:
    context = drawn.request.context
    german, english = (
        decide(
            replace(drawn.request, context=replace(context, language=code)),
            drawn.scorer,
            drawn.policy,
            rng(),
        )
        for code in ("de", "en")
    )
    for ours, theirs in zip(german.items, english.items, strict=True):
        assert [each.code for each in ours.reasons] == [each.code for each in theirs.reasons]
        assert all(each.text for each in (*ours.reasons, *theirs.reasons))
        assert replace(ours, reasons=()) == replace(theirs, reasons=())
    assert [each.needs for each in german.withheld] == [each.needs for each in english.withheld]


def test_a_module_longer_than_the_time_at_hand_is_not_said_to_fit_it() -> None:
    only_time = replace(GREEDY, weights={"time": 1.0})
    catalogue = catalogue_of(
        module("m1", duration_minutes=45), module("m2", duration_minutes=10), module("m3")
    )
    answer = decide(request(limit=3, available_minutes=20), scorer_of(catalogue), only_time, rng())
    codes = {item.module_id: item.reasons[0].code for item in answer.items}
    assert codes == {"m1": "time_part", "m2": "time", "m3": "open"}


def test_a_refresher_speaks_of_the_skill_that_calls_for_it() -> None:
    tagged = module("m1", "sql")
    both = replace(tagged, skills=(*tagged.skills, replace(tagged.skills[0], skill_id="chess")))
    catalogue = catalogue_of(both, sql=0.8, chess=0.2)
    scorer = scorer_of(
        catalogue,
        mastery={"sql": 0.7, "chess": 0.3},
        mastery_shown={"sql": 0.8, "chess": 0.9},
    )
    answer = decide(request(event("m1", days_ago=60)), scorer, GREEDY, rng())
    assert "Sql has faded from 0.80 to 0.70" in answer.items[0].reasons[0].text


def test_what_cannot_be_followed_is_remarked_on() -> None:
    scorer = scorer_of(catalogue_of(module("m1", format="video"), sql=0.5))
    asked = request(goal_role_id="pilot", formats=frozenset({"video", "hologram"}))
    answer = decide(asked, scorer, GREEDY, rng())
    assert [each.code for each in answer.remarks] == ["unknown_goal", "unknown_format"]
    assert answer.remarks[1].text == "No module comes in the format hologram."
    assert [item.module_id for item in answer.items] == ["m1"]
    known = request(goal_role_id="analyst", formats=frozenset({"video"}))
    assert decide(known, scorer, GREEDY, rng()).remarks == ()


@pytest.mark.parametrize(
    ("learner", "codes"),
    [
        (Learner(learner_id="ada", role_id="pilot"), ["unknown_role"]),
        (Learner(learner_id="ada", goal_role_id="pilot"), ["unknown_goal"]),
        (Learner(learner_id="ada", role_id="analyst", goal_role_id="analyst"), []),
    ],
)
def test_a_role_of_the_profile_that_nobody_described_is_remarked_on(learner, codes) -> None:
    scorer = scorer_of(catalogue_of(module("m1"), sql=0.5))
    answer = decide(request(learner=learner), scorer, GREEDY, rng())
    assert [each.code for each in answer.remarks] == codes
    assert all("pilot" in each.text for each in answer.remarks)


def test_a_gap_that_looks_closed_but_may_not_be_is_said_so() -> None:
    gaps = replace(GREEDY, weights={"gap": 1.0})
    scorer = scorer_of(catalogue_of(module("m1", "sql"), sql=0.5), mastery={"sql": 0.52})
    item = decide(request(), scorer, gaps, rng()).items[0]
    assert item.contributions["gap"] > 0
    assert item.closes == ()
    assert [each.code for each in item.reasons] == ["gap_unsure"]
    assert "Your Sql looks like 0.52, enough for the 0.50 asked for" in item.reasons[0].text


def test_a_day_to_wait_for_is_written_in_the_language() -> None:
    late = module("m1", active_from=NOW + timedelta(days=3))
    asked = request(learner=GERMAN_SPEAKER)
    answer = decide(asked, scorer_of(catalogue_of(late)), GREEDY, rng())
    assert answer.withheld[0].text == "Ab dem 05.03.2026 ist es offen."
