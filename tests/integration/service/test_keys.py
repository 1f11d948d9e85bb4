"""Keys: made, listed, used, revoked; and the audit of all that."""

from service_runs import bearer, make_key, running


def test_a_key_is_shown_once_and_kept_as_a_hash(everywhere):
    answer = everywhere.post("/v1/keys", json={"scopes": ["events", "recommend"]})
    assert answer.status_code == 201
    created = answer.json()
    assert sorted(created["scopes"]) == ["events", "recommend"]
    listed = everywhere.get("/v1/keys")
    assert created["key"] not in listed.text
    assert created["key_id"] in [key["key_id"] for key in listed.json()["items"]]


def test_a_revoked_key_opens_nothing(everywhere):
    created = everywhere.post("/v1/keys", json={"scopes": ["recommend"]}).json()
    headers = bearer(created["key"])
    body = {"learner_id": "ada"}
    assert everywhere.post("/v1/recommendations", json=body, headers=headers).status_code == 200
    for _ in range(2):
        answer = everywhere.delete(f"/v1/keys/{created['key_id']}")
        assert answer.status_code == 200
        assert answer.json()["revoked_at"].endswith("Z")
    assert everywhere.post("/v1/recommendations", json=body, headers=headers).status_code == 401


def test_a_key_revoked_elsewhere_stops_working_soon(settings, sqlite_url, monkeypatch):
    key = make_key(sqlite_url, "admin")
    with running(settings) as here, running(settings) as there:
        for client in (here, there):
            client.headers.update(bearer(key))
            assert client.get("/v1/keys").status_code == 200
        key_id = here.get("/v1/keys").json()["items"][0]["key_id"]
        here.delete(f"/v1/keys/{key_id}")
        monkeypatch.setattr("service.auth.FRESH_SECONDS", 0.0)
        assert there.get("/v1/keys").status_code == 401


def test_a_rotated_key_gives_its_scopes_to_a_new_one(everywhere):
    old = everywhere.post("/v1/keys", json={"scopes": ["analytics"]}).json()
    answer = everywhere.post(f"/v1/keys/{old['key_id']}/rotate")
    assert answer.status_code == 201
    new = answer.json()
    assert (new["scopes"], new["key_id"] == old["key_id"]) == (["analytics"], False)
    statuses = [
        everywhere.get("/v1/skills", headers=bearer(each["key"])).status_code for each in (old, new)
    ]
    assert statuses[0] == 401
    assert statuses[1] != 401
    act = everywhere.get("/v1/audit").json()["items"][-1]
    assert (act["action"], act["subject"]) == ("key.rotate", old["key_id"])
    assert act["detail"] == {"key_id": new["key_id"]}
    assert everywhere.post(f"/v1/keys/{old['key_id']}/rotate").status_code == 409
    assert everywhere.post("/v1/keys/nothing/rotate").status_code == 404


def test_an_unknown_key_cannot_be_revoked(client):
    assert client.delete("/v1/keys/none").status_code == 404


def test_analysts_look_up_the_catalogue_and_leave_it_alone(client):
    key = client.post("/v1/keys", json={"scopes": ["analytics"]}).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for kind in ("modules", "skills", "roles", "pathways", "rules", "policies"):
        assert client.get(f"/v1/{kind}", headers=headers).status_code == 200
        assert client.get(f"/v1/{kind}/x", headers=headers).status_code == 404
        assert client.put(f"/v1/{kind}/x", json={}, headers=headers).status_code == 403


def test_scopes_are_those_of_the_contract(client):
    for scopes in ([], ["everything"], ["events", 3]):
        answer = client.post("/v1/keys", json={"scopes": scopes})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].startswith("scopes")


def test_keys_are_paged(client):
    for _ in range(3):
        client.post("/v1/keys", json={"scopes": ["events"]})
    first = client.get("/v1/keys", params={"limit": 3}).json()
    rest = client.get("/v1/keys", params={"limit": 3, "after": first["next"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 1, None)


def test_administrative_acts_are_audited_with_their_actor(client, settings):
    headers = bearer(make_key(settings.database_url, "admin"))
    created = client.post("/v1/keys", json={"scopes": ["catalogue"]}, headers=headers).json()
    client.delete(f"/v1/keys/{created['key_id']}")
    cataloguer = bearer(created["key"])
    client.put("/v1/policies/p", json={"exploration": 0.5})
    client.post("/v1/catalogue", json={})
    assert client.get("/v1/audit", headers=cataloguer).status_code == 401
    acts = client.get("/v1/audit").json()["items"]
    assert [(act["action"], act["subject"]) for act in acts] == [
        ("key.create", created["key_id"]),
        ("key.revoke", created["key_id"]),
        ("policy.put", "p"),
        ("catalogue.post", None),
    ]
    assert acts[0]["actor"] != acts[1]["actor"]


def test_the_audit_is_paged_in_order(client):
    for _ in range(5):
        client.post("/v1/catalogue", json={})
    first = client.get("/v1/audit", params={"limit": 3}).json()
    rest = client.get("/v1/audit", params={"after": first["next"]}).json()
    sequences = [act["sequence"] for act in first["items"] + rest["items"]]
    assert sequences == sorted(set(sequences))
    assert len(sequences) == 5
    assert client.get("/v1/audit", params={"after": "x"}).status_code == 422
