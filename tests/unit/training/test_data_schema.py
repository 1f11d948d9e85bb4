"""A schema tells what data really says, and every loss is named with what to do."""

from dataclasses import replace

import numpy as np
import pytest

from features.score.snapshot import Snapshot
from training.data_schema import describe_schema, schema_losses


def snapshot_of(data, *, module_ids=None, success=True) -> Snapshot:
    ids = np.array(data.log.module_ids.ids if module_ids is None else module_ids)
    arrays = {"ranking.module_ids": ids}
    if success:
        arrays["success.skill_ids"] = np.array(["s0", "s1"])
    return Snapshot(manifest={"data_schema": describe_schema(data)}, arrays=arrays)


def with_modules(data, **fields):
    modules = tuple(replace(module, **fields) for module in data.catalogue.modules)
    return replace(data, catalogue=replace(data.catalogue, modules=modules))


def with_log(data, **fields):
    return replace(data, log=replace(data.log, **fields))


def test_the_schema_says_what_has_values_and_of_which_kind(make_data):
    schema = describe_schema(make_data())
    assert schema["at"] == "instants"
    assert schema["events"] == {"failed": 1.0}
    columns = schema["columns"]
    assert columns["interactions.score"] == {"kind": "level", "share": 1.0}
    assert columns["learners.age"] == {"kind": "value", "share": 1.0}
    assert columns["learners.location"]["kind"] == "text"
    assert columns["modules.difficulty"] == {"kind": "level", "share": 1.0}
    assert columns["prerequisites.module_id"]["share"] == pytest.approx(1 / 12)
    assert columns["skill_edges.precedes_skill_id"]["share"] == pytest.approx(1 / 3)
    assert columns["role_skills.target"]["share"] == 1.0
    assert "modules.pass_mark" not in columns
    assert "modules.mandatory" not in columns
    assert "evidence.level" not in columns


def test_equal_data_loses_nothing(make_data):
    data = make_data()
    assert schema_losses(snapshot_of(data), snapshot_of(data)) == ()


def test_more_is_no_loss(make_data):
    data = make_data()
    mentored = {"mentor": np.full(data.log.n_learners, "true")}
    more = replace(data, learner_attributes=dict(data.learner_attributes) | mentored)
    ids = [*data.log.module_ids.ids, "m99"]
    assert schema_losses(snapshot_of(data), snapshot_of(more, module_ids=ids)) == ()


def test_a_champion_of_before_schemas_were_described_loses_nothing(make_data):
    data = make_data()
    old = replace(snapshot_of(data), manifest={})
    assert schema_losses(old, snapshot_of(data)) == ()


def ordinals(data):
    return with_log(data, at_seconds=np.arange(len(data.log), dtype=float))


def without_scores(data):
    return with_log(data, score=np.full(len(data.log), np.nan))


def without_success(data):
    return with_log(data, success=np.full(len(data.log), -1, dtype=np.int8))


def other_events(data):
    return with_log(data, event=np.full(len(data.log), 0, dtype=np.int8))


def untagged(data):
    return with_modules(data, skills=())


def without_locations(data):
    kept = {name: v for name, v in data.learner_attributes.items() if name != "location"}
    return replace(data, learner_attributes=kept)


def ages_as_words(data):
    bands = np.full(data.log.n_learners, "20-29")
    return replace(data, learner_attributes=dict(data.learner_attributes) | {"age": bands})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (ordinals, "interactions.at: instants became ordinals"),
        (without_scores, "interactions.score: 100.0% of events had a value, now none have"),
        (without_success, "interactions.success: 100.0% of events"),
        (other_events, "interactions.event: 100.0% of events were `failed`, now none are"),
        (untagged, "module_skills.skill_id: 100.0% of modules"),
        (without_locations, "learners.location: 100.0% of learners"),
        (ages_as_words, "learners.age: its values were of kind value, now they are of kind text"),
    ],
)
def test_each_loss_is_named_with_a_remedy(make_data, change, named):
    data = make_data()
    (loss,) = schema_losses(snapshot_of(data), snapshot_of(change(data)))
    assert loss.startswith(named)
    assert "train again" in loss


def test_a_column_that_faded_to_under_a_tenth_is_lost_and_one_above_is_not(make_data):
    data = make_data()

    def scored(share: float):
        score = data.log.score.copy()
        score[int(share * len(score)) :] = np.nan
        return snapshot_of(with_log(data, score=score))

    assert len(schema_losses(snapshot_of(data), scored(0.09))) == 1
    assert schema_losses(snapshot_of(data), scored(0.11)) == ()


def test_what_hardly_was_there_is_not_missed(make_data):
    data = make_data()
    score = np.full(len(data.log), np.nan)
    score[:10] = 0.5
    rare = with_log(data, score=score)
    assert schema_losses(snapshot_of(rare), snapshot_of(without_scores(data))) == ()


def test_a_model_that_is_gone_is_named(make_data):
    data = make_data()
    losses = schema_losses(snapshot_of(data), snapshot_of(data, success=False))
    assert losses[0].startswith("the model of success is gone")


def test_ids_that_were_replaced_are_named(make_data):
    data = make_data()
    ids = [f"new-{name}" for name in data.log.module_ids.ids]
    ids[0] = data.log.module_ids.ids[0]
    (loss,) = schema_losses(snapshot_of(data), snapshot_of(data, module_ids=ids))
    assert loss.startswith("modules: only 8% of the champion's 12 ids are still there")
