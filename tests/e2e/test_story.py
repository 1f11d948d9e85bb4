"""The whole circle over real processes: histories, training, promotion, service, events, again."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from training.academy import small_academy, write_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")


@pytest.fixture
def academy(home):
    academy = small_academy(seed=1, now=datetime(2026, 6, 1, tzinfo=UTC))
    write_folder(academy, home.folder / "academy")
    return academy


def test_the_circle_from_history_to_recommendation_and_round_again(
    home, serve, eventually, academy
):
    first = home.json("import", "academy")
    assert first["tables"]["interactions"]["n_new"] > 0
    again = home.again("import", str(home.folder / "academy"))
    assert all(counts["n_new"] == 0 for counts in again["tables"].values())

    trained = home.json("train")
    assert trained["version"] == "1"
    home.run("promote")
    client = serve(home, home.key("admin"))

    learner_id = academy.portraits.mid_journey
    answer = recommend(client, learner_id, limit=3)
    assert answer["snapshot_version"] == "1"
    assert answer["degraded"] is None
    for item in answer["items"]:
        assert sum(item["contributions"].values()) == pytest.approx(item["score"], abs=1e-12)
        assert item["reasons"]
    kept = client.get(f"/v1/recommendations/{answer['recommendation_id']}").json()
    assert kept["learner_id"] == learner_id
    assert [item["module_id"] for item in kept["items"]] == [
        item["module_id"] for item in answer["items"]
    ]

    chosen = answer["items"][0]["module_id"]
    event = {
        "event_id": str(uuid4()),
        "learner_id": learner_id,
        "module_id": chosen,
        "event": "completed",
        "at": datetime.now(UTC).isoformat(),
        "recommendation_id": answer["recommendation_id"],
    }
    for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
        got = client.post("/v1/events", json={"events": [event]})
        assert got.status_code == 200
        assert got.json() == expected | {"rejected": []}
    later = recommend(client, learner_id, limit=100)
    assert chosen not in [item["module_id"] for item in later["items"]]

    assert home.again("train")["version"] == "2"
    assert home.again("promote")["previous"] == "1"
    eventually(lambda: recommend(client, learner_id)["snapshot_version"] == "2", home)
    home.again("rollback")
    eventually(lambda: recommend(client, learner_id)["snapshot_version"] == "1", home)


def recommend(client, learner_id, limit=1):
    answer = client.post("/v1/recommendations", json={"learner_id": learner_id, "limit": limit})
    assert answer.status_code == 200, answer.text
    return answer.json()
