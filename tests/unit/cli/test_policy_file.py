"""A policy in a file, as `waymark experiment replay --policy FILE` takes it."""

import json

import pytest

from features.domain.catalogue import DEFAULT_POLICY, TERMS
from features.domain.errors import InvalidValueError
from training.cli.experiment_replay import read_policy


def test_a_policy_is_read_as_the_api_takes_it(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text('{"weights": {"gap": 0.5, "fit": 0.5}, "exploration": 0}')
    policy = read_policy(path)
    assert policy.policy_id == DEFAULT_POLICY
    assert policy.exploration == 0.0
    assert policy.weights == dict.fromkeys(TERMS, 0.0) | {"gap": 0.5, "fit": 0.5}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "file: Invalid JSON"),
        ({"weights": {"gap": 0.5}}, "weights: Value error, the weights sum to 0.5"),
        ({"weights": {"luck": 1}}, "luck: not a term"),
        ({"weights": {"gap": 2, "fit": -1}}, "weights.gap: Input should be less than or equal"),
        ({"weight": {"gap": 1}}, "weight: Extra inputs are not permitted"),
        ({"p_width": 0}, "p_width: Input should be greater than 0"),
        ({"exploration": -3}, "exploration: Input should be greater than or equal to 0"),
        ({"p_target": "0.7"}, "p_target: Input should be a valid number"),
    ],
)
def test_a_policy_that_the_api_would_refuse_is_refused_by_file_and_field(tmp_path, content, words):
    path = tmp_path / "policy.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InvalidValueError) as refused:
        read_policy(path)
    assert refused.value.detail.startswith(f"--policy {path}: ")
    assert words in refused.value.detail
