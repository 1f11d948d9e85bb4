"""The persona beside a learner's skills."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from service_runs import bearer, fill, make_key, running

from features.score.personas import PersonaModel
from features.score.snapshot import Snapshot
from features.store.snapshots import write_snapshot
from service.champion import Champion, copies_folder, write_champion

NOW = datetime.now(UTC)
MODEL = PersonaModel(
    behaviours=np.array(["format:video"]),
    usual=np.array([0.5]),
    worth=np.array([1.0]),
    spread=np.array([0.2]),
    weight=np.ones(1),
    places=np.array([[1.0], [-1.0]]),
    numbers=np.array([1.0, 0.5, 2.0]),
)
DESCRIBED = {
    "model": MODEL.to_lists(),
    "personas": [
        {"persona_id": "p4", "name": "More video content"},
        {"persona_id": "p2", "name": "Less video content"},
    ],
}


@pytest.fixture
def serve(settings):
    """Give what runs the service with a snapshot and a small catalogue."""

    def run(snapshot):
        copies = copies_folder(settings)
        write_snapshot(snapshot, copies / "7")
        write_champion(copies, Champion(version="7", folder="7", checked_at=NOW, error=None))
        return running(settings)

    return run


def persona_after(client, settings, *module_ids):
    client.headers.update(bearer(make_key(settings.database_url, "admin")))
    fill(client)
    client.put("/v1/learners/ada", json={})
    events = [
        {
            "learner_id": "ada",
            "module_id": module_id,
            "event": "completed",
            "at": f"{NOW - timedelta(days=days + 1):%Y-%m-%dT%H:%M:%SZ}",
        }
        for days, module_id in enumerate(module_ids)
    ]
    client.post("/v1/events", json={"events": events})
    answer = client.get("/v1/learners/ada/skills").json()
    assert answer["snapshot_version"] == "7"
    return answer["persona"]


def snapshot(manifest):
    return Snapshot(manifest={"learned": {}, **manifest}, arrays={"x.weights": np.ones(3)})


def test_a_learner_has_the_persona_that_is_nearest(serve, settings):
    with serve(snapshot({"personas": DESCRIBED})) as client:
        persona = persona_after(client, settings, "counting-1", "counting-2")
    # (2 + .5)/(2 + 1) is 5/3 deviations over .5; the places are 1 and −1 away from 0.
    above = np.exp([-((5 / 3 - 1) ** 2) / 2, -((5 / 3 + 1) ** 2) / 2])
    assert persona == {
        "persona_id": "p4",
        "name": "More video content",
        "p": pytest.approx(above[0] / above.sum()),
    }


def test_who_has_begun_too_little_has_none(serve, settings):
    with serve(snapshot({"personas": DESCRIBED})) as client:
        assert persona_after(client, settings, "counting-1", "quiz") is None


def test_a_snapshot_from_before_there_were_personas_gives_none(serve, settings):
    with serve(snapshot({})) as client:
        assert persona_after(client, settings, "counting-1", "counting-2") is None


def test_personas_that_do_not_fit_their_names_are_not_served(serve, settings):
    with serve(snapshot({"personas": {"model": DESCRIBED["model"]}})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        ready = client.get("/readyz").json()
    assert "snapshot_version" not in ready or ready["snapshot_version"] is None
