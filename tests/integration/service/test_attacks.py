"""An attacker's list: what somebody would try, and what comes of it."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from service_runs import bearer, make_key, running

from features.domain.errors import SnapshotError
from features.store.snapshots import ARRAYS, MANIFEST, read_snapshot

IDS = [
    "'; DROP TABLE learners; --",
    '" OR 1=1 --',
    "../../etc/passwd",
    "..",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "%00%2e%2e%2f",
    "a\u202eb",
    "$(id)`id`",
]


def test_without_a_key_nothing_is_told(client):
    for path in ("/v1/learners/ada/export", "/v1/audit", "/v1/overrides", "/v1/keys"):
        assert client.get(path, headers={"Authorization": ""}).status_code == 401
        assert client.get(path, headers=bearer("wm_" + "x" * 43)).status_code == 401
        assert client.get(path, headers={"Authorization": "Basic YWRhOmFkYQ=="}).status_code == 401


@pytest.mark.parametrize("scope", ["recommend", "events", "catalogue", "experiments", "analytics"])
def test_no_other_key_exports_or_erases_a_learner(client, settings, scope):
    client.put("/v1/learners/ada", json={"department": "Finance"})
    headers = bearer(make_key(settings.database_url, scope))
    for method, path in (
        ("GET", "/v1/learners/ada/export"),
        ("DELETE", "/v1/learners/ada"),
        ("GET", "/v1/audit"),
        ("POST", "/v1/keys"),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert "Finance" not in answer.text
    assert client.get("/v1/learners/ada").json()["department"] == "Finance"


@pytest.mark.parametrize("hostile", IDS)
def test_an_id_is_a_text_and_nothing_else(everywhere, hostile):
    body = {"learners": [{"learner_id": hostile, "note": hostile}]}
    body |= {"modules": [{"module_id": hostile, "title": hostile}]}
    assert everywhere.post("/v1/catalogue", json=body).status_code == 200
    asked = {"learner_id": hostile, "context": {"exclude": [hostile], "formats": [hostile]}}
    assert everywhere.post("/v1/recommendations", json=asked).status_code == 200
    event = {"event_id": hostile, "learner_id": hostile, "module_id": hostile}
    event |= {"event": "viewed", "at": "2026-03-01T09:00:00Z", "comment": hostile}
    assert everywhere.post("/v1/events", json={"events": [event]}).json()["accepted"] == 1
    (learner,) = everywhere.get("/v1/learners").json()["items"]
    assert (learner["learner_id"], learner["note"]) == (hostile, hostile)
    assert [each["title"] for each in everywhere.get("/v1/modules").json()["items"]] == [hostile]


@pytest.mark.parametrize(
    "condition",
    [
        "true; DROP TABLE rules",
        "[1].all(a, [1].all(b, [1].all(c, true)))",
        "done.all(a, done.all(b, a != b))",
        "done.//\nall(a, done.all//\n(b, a != b))",
        'done.map(a, "\\"(").exists(b, done.all(c, true))',
        "(" * 999,
        "-" * 1000,
        "[" * 400 + "]" * 400,
        "true && " * 500 + "true",
    ],
)
def test_a_condition_that_is_none_or_could_run_long_is_refused(client, condition):
    body = {"when": condition, "then": {"exclude": ["m"]}}
    for path in ("/v1/rules/trials", "/v1/rules/r"):
        answer = client.request("PUT" if path.endswith("/r") else "POST", path, json=body)
        assert answer.status_code == 422, answer.text
    assert client.get("/v1/rules").json()["items"] == []


@pytest.mark.parametrize(
    "condition",
    ["__import__('os').system('id')", "learner.__class__.__mro__", "'a' || system('id')"],
)
def test_a_condition_reaches_nothing_but_the_facts(client, condition):
    client.put("/v1/learners/ada", json={})
    body = {"when": condition, "then": {"exclude": ["m"]}}
    tried = client.post("/v1/rules/trials", json=body).json()
    assert (tried["n_holds"], tried["n_unknown"]) == (0, 1)


def test_json_within_json_is_refused(client):
    depth = 100_000
    headers = {"Content-Type": "application/json"}
    for body in (b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth):
        answer = client.post("/v1/events", content=body, headers=headers)
        assert answer.status_code in {400, 422}


def test_fifty_megabytes_are_refused_unread(client):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/events", content=b" " * 50_000_000, headers=headers)
    assert answer.status_code == 413


def test_a_body_that_says_it_is_packed_is_not_unpacked(client):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/v1/events", content=b"\x1f\x8b\x08" + b"\x00" * 50, headers=headers)
    assert answer.status_code in {400, 422}


class Boom:
    """Makes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def planted(folder, arrays):
    """A snapshot folder of a registry that somebody has written into."""
    (folder / MANIFEST).write_text(json.dumps({"schema_version": 1, "checksum": "x"}))
    arrays(folder / ARRAYS)
    return folder


def test_a_pickle_planted_in_the_registry_is_never_opened(tmp_path):
    trap = tmp_path / "executed"
    boom = np.array([Boom(trap)], dtype=object)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Boom(trap)))
    for plant in (
        lambda path: np.savez(path, **{"x.x": boom}),
        lambda path: path.write_bytes(pickle.dumps(Boom(trap))),
    ):
        with pytest.raises(SnapshotError):
            read_snapshot(planted(tmp_path, plant))
        assert not trap.exists()


def zip_bomb(path):
    """A few kilobytes that say they unpack to as many gigabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.x.npy", b"\x00" * 1_000_000)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (3 * 2**30).to_bytes(4, "little")
    path.write_bytes(content)


def boast(path):
    """An array that says it has more numbers than any memory."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000,)}\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "x.x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        )


@pytest.mark.parametrize("arrays", [zip_bomb, boast])
def test_arrays_that_would_fill_the_memory_are_refused(tmp_path, arrays):
    with pytest.raises(SnapshotError):
        read_snapshot(planted(tmp_path, arrays))


def test_a_manifest_that_never_ends_or_nests_is_refused(tmp_path):
    planted(tmp_path, lambda path: np.savez(path, **{"x.x": np.ones(1)}))
    for content in ("[" * 100_000, " " * 17 * 2**20):
        (tmp_path / MANIFEST).write_text(content)
        with pytest.raises(SnapshotError):
            read_snapshot(tmp_path)


def test_guesses_of_keys_push_no_good_key_out(settings):
    with running(settings) as client:
        headers = bearer(make_key(settings.database_url, "events"))
        assert client.post("/v1/events", json={"events": []}, headers=headers).status_code != 401
        for number in range(20):
            assert client.get("/v1/keys", headers=bearer(f"wm_{number}")).status_code == 401
        assert client.post("/v1/events", json={"events": []}, headers=headers).status_code != 401
