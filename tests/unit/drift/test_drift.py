"""Halves of one data are stable, planted changes are found, and profiles tell on nobody."""

import json
from dataclasses import replace

import numpy as np
import pytest

from training.drift.compare import (
    STABILITY_BANDS,
    Movement,
    Verdict,
    adjusted,
    compare_profiles,
    worst,
)
from training.drift.profile import OTHER, UNKNOWN, Profile, profile_rows

DAY = 86_400.0


def profile_of(data, attributes=None) -> Profile:
    return profile_rows(data, np.ones(len(data.log), dtype=bool), attributes)


def moved(then: Profile, now: Profile) -> dict[str, Verdict]:
    return {
        one.name: one.verdict
        for one in adjusted(compare_profiles(then, now))
        if one.verdict is not Verdict.STABLE
    }


def test_two_samples_of_one_distribution_are_rarely_called_drift(make_data):
    found = [
        moved(profile_of(make_data(seed=seed)), profile_of(make_data(seed=1000 + seed)))
        for seed in range(30)
    ]
    assert sum(bool(names) for names in found) <= 4


def test_small_differences_in_large_samples_are_stable_though_significant(make_data):
    then = profile_of(make_data(8000, seed=1))
    popularity = np.linspace(1.0, 1.6, 12)
    now = profile_of(make_data(8000, seed=2, popularity=popularity))
    movements = {one.name: one for one in adjusted(compare_profiles(then, now))}
    assert movements["modules"].p_holm < 0.001
    assert movements["modules"].verdict is Verdict.STABLE


def test_large_differences_in_tiny_samples_are_not_called_drift(make_data):
    then = profile_of(make_data(400, seed=1))
    now = profile_of(make_data(2, seed=2, n_events=5))
    assert moved(then, now) == {}


def test_other_modules_becoming_popular_is_drift(make_data):
    popularity = np.where(np.arange(12) < 4, 8.0, 1.0)
    found = moved(
        profile_of(make_data(seed=1)), profile_of(make_data(seed=2, popularity=popularity))
    )
    assert found["modules"] is Verdict.DRIFTED


def test_success_getting_rarer_is_found_in_modules_and_skills(make_data):
    found = moved(profile_of(make_data(seed=1)), profile_of(make_data(seed=2, p_success=0.4)))
    assert found == {"success by module": Verdict.DRIFTED, "success by skill": Verdict.DRIFTED}


def test_scores_and_gaps_that_shift_are_found_with_their_medians(make_data):
    data = make_data(seed=2)
    since = data.log.at_seconds.min()
    log = replace(
        data.log,
        score=np.round(data.log.score**3, 2),
        at_seconds=since + 5 * (data.log.at_seconds - since),
    )
    then = profile_of(make_data(seed=1))
    movements = {
        m.name: m for m in adjusted(compare_profiles(then, profile_of(replace(data, log=log))))
    }
    assert movements["score"].verdict is Verdict.DRIFTED
    assert movements["gap between events"].verdict is Verdict.DRIFTED
    assert movements["gap between events"].moved.startswith("median: ")
    assert 0 < movements["score"].measures["kolmogorov_smirnov"] <= 1


def test_longer_histories_are_found(make_data):
    found = moved(profile_of(make_data(seed=1)), profile_of(make_data(seed=2, n_events=40)))
    assert found["history length"] is Verdict.DRIFTED


def test_learners_elsewhere_are_found(make_data):
    data = make_data(seed=2)
    elsewhere = dict(data.learner_attributes) | {"location": np.full(200, "west")}
    then = profile_of(make_data(seed=1))
    now = profile_of(replace(data, learner_attributes=elsewhere), set(then.shares))
    assert moved(then, now) == {"location": Verdict.DRIFTED}


def test_an_attribute_that_vanished_is_found(make_data):
    data = make_data(seed=2)
    kept = {name: v for name, v in data.learner_attributes.items() if name != "location"}
    found = moved(profile_of(make_data(seed=1)), profile_of(replace(data, learner_attributes=kept)))
    assert found == {"location": Verdict.DRIFTED}


def test_what_the_catalogue_did_not_know_is_found(make_data):
    then = profile_of(make_data(seed=1))
    now = profile_of(make_data(seed=2))
    unknowing = replace(
        then, module_ids=then.module_ids[:6], skill_ids=["s0"], role_ids=[], shares={}
    )
    found = moved(unknowing, now)
    assert found["new modules"] is Verdict.DRIFTED
    assert found["new skills"] is Verdict.DRIFTED
    assert found["new roles"] is Verdict.DRIFTED
    assert "new modules" not in moved(then, now)


def test_another_hour_of_day_is_watched_and_no_more(make_data):
    then, data = make_data(seed=1), make_data(seed=2)

    def at_hour(data, hour):
        day = data.log.at_seconds // DAY * DAY
        return profile_of(replace(data, log=replace(data.log, at_seconds=day + hour * 3600)))

    movements = {m.name: m for m in adjusted(compare_profiles(at_hour(then, 9), at_hour(data, 15)))}
    assert movements["hour of day"].verdict is Verdict.WATCH
    assert movements["hour of day"].moved == "09: 100.0% → 0.0%"


def test_ordinals_have_neither_hours_nor_gaps(make_data):
    data = make_data()
    untimed = replace(data, log=replace(data.log, at_seconds=np.arange(len(data.log), dtype=float)))
    profile = profile_of(untimed)
    assert "hour of day" not in profile.shares
    assert "gap between events" not in profile.spreads
    assert moved(profile_of(make_data(seed=1)), profile) == {}


def test_only_the_rows_asked_for_are_profiled_with_what_came_before_them(make_data):
    data = make_data(n_learners=10, n_events=10)
    last = np.tile(np.arange(10) >= 8, 10)
    profile = profile_rows(data, last)
    assert (profile.n_events, profile.n_learners) == (20, 10)
    # The ninth and tenth event of each: histories of 8 and 9.
    assert profile.spreads["history length"].counts == {"8": 10, "9": 10}
    assert profile.shares["modules"].size == 10


def test_a_profile_survives_json(make_data):
    profile = profile_of(make_data())
    assert Profile.from_document(json.loads(json.dumps(profile.to_document()))) == profile


def test_a_profile_names_no_learner_and_no_rare_value(make_data):
    data = make_data()
    rare = np.full(200, "common")
    rare[:4], rare[4:6] = "rare", ""
    managers = np.full(200, "u00001")
    attributes = {"city": rare, "manager_id": managers}
    profile = profile_of(replace(data, learner_attributes=attributes))
    assert profile.shares["city"].counts == {"common": 194, UNKNOWN: 2, OTHER: 4}
    assert "u00001" not in json.dumps(profile.to_document())


def test_attributes_of_many_values_are_not_counted(make_data):
    profile = profile_of(make_data())
    assert "age" not in profile.shares
    assert "location" in profile.shares


@pytest.mark.parametrize(
    ("effect", "p_holm", "verdict"),
    [
        (0.3, 0.01, Verdict.DRIFTED),
        (0.25, 0.01, Verdict.DRIFTED),
        (0.24, 0.01, Verdict.WATCH),
        (0.09, 0.01, Verdict.STABLE),
        (0.3, 0.05, Verdict.STABLE),
    ],
)
def test_drift_needs_size_and_significance(effect, p_holm, verdict):
    movement = Movement(
        name="x",
        effect=effect,
        bands=STABILITY_BANDS,
        p_value=p_holm,
        p_holm=p_holm,
        measures={},
        moved="",
    )
    assert movement.verdict is verdict


def test_the_worst_movement_gives_the_verdict_and_none_is_stable():
    assert worst([]) is Verdict.STABLE
