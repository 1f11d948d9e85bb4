"""Hyper-parameters survive their file, and a file that cannot be used says where and why."""

import json
import math
from dataclasses import replace

import pytest

from features.domain.errors import InvalidValueError
from training.model_settings import (
    RANGES,
    ModelSettings,
    leaves_of,
    model_settings_of,
    to_document,
    with_leaves,
)
from training.ranking.components import Settings as RankingSettings
from training.success.settings import BoostingSettings, SuccessSettings

DEFAULTS = {"ranking": RankingSettings(), "success": SuccessSettings()}


def written(**settings):
    return json.loads(json.dumps(to_document(ModelSettings(**settings))))


@pytest.mark.parametrize("half", ["ranking", "success"])
def test_every_setting_may_be_given_and_its_default_is_in_range(half):
    leaves = leaves_of(DEFAULTS[half])
    assert set(RANGES[half]) == set(leaves)
    assert model_settings_of(written(**{half: DEFAULTS[half]})) == ModelSettings(
        **{half: DEFAULTS[half]}
    )


def test_settings_come_back_as_they_went():
    settings = ModelSettings(
        ranking=replace(RankingSettings(), ease_regularization=0.1 + 0.2, longest_gap=7),
        success=replace(
            SuccessSettings(), penalties=(0.3, 0.03), boosting=BoostingSettings(max_depth=2)
        ),
    )
    assert model_settings_of(json.loads(json.dumps(to_document(settings)))) == settings


def test_a_half_that_is_not_in_the_file_stays_as_it_is_without_any():
    read = model_settings_of({"format": 1, "success": {"boosting": {"max_depth": 3}}})
    assert read.ranking is None
    assert read.success == replace(SuccessSettings(), boosting=BoostingSettings(max_depth=3))


def test_where_settings_come_from_is_kept_and_not_read():
    document = to_document(ModelSettings(), {"study": "autumn"})
    assert document == {"format": 1, "tuned": {"study": "autumn"}}
    assert model_settings_of(document) == ModelSettings()


def test_a_whole_number_will_do_for_a_number():
    read = model_settings_of({"format": 1, "ranking": {"ease_regularization": 50}})
    assert read.ranking.ease_regularization == 50.0
    assert isinstance(read.ranking.ease_regularization, float)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document must be an object"),
        ({}, "format is None: it must be 1"),
        ({"format": 2}, "format is 2: it must be 1"),
        ({"format": 1, "rank": {}}, "rank is unknown; known are format, ranking, success, tuned"),
        ({"format": 1, "ranking": 3}, "ranking must be an object"),
        ({"format": 1, "ranking": {"lambda": 3}}, r"ranking\.lambda is unknown; known are"),
        (
            {"format": 1, "success": {"boosting": {"depth": 3}}},
            r"success\.boosting\.depth is unknown",
        ),
        ({"format": 1, "success": {"boosting": 3}}, r"success\.boosting is unknown"),
        (
            {"format": 1, "ranking": {"ease_regularization": -1}},
            r"ranking\.ease_regularization is -1: it must lie between 1e-06 and 1e\+06",
        ),
        (
            {"format": 1, "ranking": {"ease_regularization": math.nan}},
            r"ranking\.ease_regularization is nan: it must lie between",
        ),
        (
            {"format": 1, "ranking": {"ease_regularization": "60"}},
            r'ranking\.ease_regularization is "60": it must be a number',
        ),
        (
            {"format": 1, "ranking": {"longest_gap": 2.5}},
            r"ranking\.longest_gap is 2\.5: it must be a whole number",
        ),
        (
            {"format": 1, "ranking": {"longest_gap": True}},
            r"ranking\.longest_gap is true: it must be a whole number",
        ),
        ({"format": 1, "success": {"penalties": []}}, "must be a list of numbers"),
        (
            {"format": 1, "success": {"penalties": [1.0, 0]}},
            r"success\.penalties\[1\] is 0: it must lie between",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(document, message):
    with pytest.raises(InvalidValueError, match=message):
        model_settings_of(document)


def test_leaves_are_named_with_dots_and_can_be_put_back():
    changed = with_leaves(SuccessSettings(), {"boosting.max_depth": 6, "max_rows": 10})
    assert changed == SuccessSettings(max_rows=10, boosting=BoostingSettings(max_depth=6))
    assert leaves_of(changed)["boosting.max_depth"] == 6
