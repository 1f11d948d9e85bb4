"""Modules, skills and roles: described one by one, or all at once."""

import pytest
from service_runs import CATALOGUE

from service.schemas.bulk import CatalogueBody

MODULE = {
    "title": "Reading a balance sheet",
    "description": "Assets, liabilities, and what is left.",
    "format": "video",
    "kind": "lesson",
    "duration_minutes": 18.5,
    "difficulty": 0.4,
    "pass_mark": 0.6,
    "language": "en",
    "mandatory": True,
    "accessibility": ["captions", "transcript"],
    "version": "3",
    "updated_at": "2026-01-02T03:04:05.000006Z",
    "active_from": "2026-01-01T00:00:00Z",
    "active_until": "2027-01-01T00:00:00Z",
    "url": "https://lms.example/balance",
    "skills": [{"skill_id": "accounting", "weight": 0.25}],
    "prerequisites": [
        {
            "requires_module_id": None,
            "requires_skill_id": "counting",
            "min_mastery": 0.3,
            "strength": 1.0,
        },
        {
            "requires_module_id": "basics",
            "requires_skill_id": None,
            "min_mastery": None,
            "strength": 0.5,
        },
    ],
}
SKILL = {"name": "Accounting", "parent_id": "finance", "precedes": []}
ROLE = {
    "name": "Analyst",
    "requirements": [{"skill_id": "accounting", "target": 0.7, "weight": 2.5}],
}


def by_requirement(body):
    links = body.get("prerequisites")
    return body if links is None else {**body, "prerequisites": sorted(links, key=str)}


@pytest.mark.parametrize(
    ("kind", "key", "body"),
    [
        ("modules", "module_id", MODULE),
        ("skills", "skill_id", SKILL),
        ("roles", "role_id", ROLE),
    ],
)
def test_what_was_put_is_answered_got_and_listed(client, kind, key, body):
    path = f"/v1/{kind}/the%20one"
    stored = {key: "the one", **body}
    for _ in range(2):
        put = client.put(path, json=body)
        assert put.status_code == 200
        assert by_requirement(put.json()) == by_requirement(stored)
    assert client.get(path).json() == put.json()
    listed = client.get(f"/v1/{kind}").json()
    assert [each[key] for each in listed["items"]] == ["the one"]
    assert listed["next"] is None


@pytest.mark.parametrize("kind", ["modules", "skills", "roles", "policies"])
def test_what_was_never_put_is_not_found(client, kind):
    answer = client.get(f"/v1/{kind}/none")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:waymark:problem:not-found"


def test_putting_again_replaces_everything(client):
    client.put("/v1/modules/m", json=MODULE)
    answer = client.put("/v1/modules/m", json={"title": "Bare"}).json()
    assert (answer["title"], answer["difficulty"], answer["skills"]) == ("Bare", None, [])


def test_putting_the_same_again_leaves_the_revision(client):
    first = client.post("/v1/catalogue", json=CATALOGUE).json()
    assert client.post("/v1/catalogue", json=CATALOGUE).json() == first


def test_the_id_stands_in_for_a_title_or_name(client):
    assert client.put("/v1/modules/m", json={}).json()["title"] == "m"
    assert client.put("/v1/skills/s", json={}).json()["name"] == "s"
    assert client.put("/v1/roles/r", json={}).json()["name"] == "r"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/modules/a", {"module_id": "b"}),
        ("/v1/skills/a", {"skill_id": "b"}),
        ("/v1/roles/a", {"role_id": "b"}),
        ("/v1/learners/a", {"learner_id": "b"}),
        ("/v1/policies/a", {"policy_id": "b"}),
        ("/v1/assignments/u/a", {"module_id": "b"}),
    ],
)
def test_an_id_repeated_differently_is_refused(client, path, body):
    answer = client.put(path, json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(body)


def test_an_id_repeated_equally_is_taken(client):
    assert client.put("/v1/modules/a", json={"module_id": "a"}).status_code == 200


def test_words_may_be_separated_by_semicolons(client):
    answer = client.put("/v1/modules/a", json={"accessibility": "transcript; captions"})
    assert answer.json()["accessibility"] == ["captions", "transcript"]


def test_skills_keep_what_they_precede_until_it_is_replaced(client):
    follows = [{"skill_id": "later", "strength": 0.5}]
    assert client.put("/v1/skills/s", json={"precedes": follows}).json()["precedes"] == follows
    assert client.put("/v1/skills/s", json={"name": "S"}).json()["precedes"] == follows
    assert client.put("/v1/skills/s", json={"precedes": []}).json()["precedes"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"difficulty": 1.5, "pass_mark": -1}, ["difficulty", "pass_mark"]),
        ({"duration_minutes": 0}, ["duration_minutes"]),
        ({"mandatory": "yes"}, ["mandatory"]),
        ({"colour": "red"}, ["colour"]),
        ({"updated_at": "2026-01-01"}, ["updated_at"]),
        ({"skills": [{"skill_id": "a"}, {"skill_id": "a"}]}, ["body"]),
        ({"skills": [{"weight": 2}]}, ["skills.0.skill_id", "skills.0.weight"]),
        ({"prerequisites": [{}]}, ["prerequisites.0"]),
        (
            {"prerequisites": [{"requires_module_id": "a", "requires_skill_id": "b"}]},
            ["prerequisites.0"],
        ),
        (
            {"prerequisites": [{"requires_module_id": "a", "min_mastery": 0.5}]},
            ["prerequisites.0"],
        ),
        (
            {"active_from": "2026-02-01T00:00:00Z", "active_until": "2026-01-01T00:00:00Z"},
            ["body"],
        ),
        ({"title": "a\x00b"}, ["title"]),
    ],
)
def test_malformed_modules_are_refused_field_by_field(client, body, fields):
    answer = client.put("/v1/modules/m", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == fields
    assert client.get("/v1/modules/m").status_code == 404


def test_numbers_beyond_all_bounds_are_refused(client):
    headers = {"Content-Type": "application/json"}
    answer = client.put("/v1/modules/m", content='{"difficulty": NaN}', headers=headers)
    assert answer.status_code == 422
    answer = client.put("/v1/modules/m", content='{"duration_minutes": 1e999}', headers=headers)
    assert answer.status_code == 422


def test_hard_prerequisites_must_not_loop(client):
    client.put("/v1/modules/a", json={"prerequisites": [{"requires_module_id": "b"}]})
    answer = client.put("/v1/modules/b", json={"prerequisites": [{"requires_module_id": "a"}]})
    assert answer.status_code == 409
    assert "a → b → a" in answer.json()["detail"] or "b → a → b" in answer.json()["detail"]
    assert client.get("/v1/modules/b").status_code == 404


def test_lists_are_paged_to_the_end(everywhere):
    rows = [{"module_id": f"m{number:02}"} for number in range(7)]
    everywhere.post("/v1/catalogue", json={"modules": rows})
    found, after = [], None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = everywhere.get("/v1/modules", params=query).json()
        found += [each["module_id"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == [row["module_id"] for row in rows]


def test_a_page_that_ends_exactly_has_no_next(client):
    client.post("/v1/catalogue", json={"skills": [{"skill_id": s} for s in "abc"]})
    assert client.get("/v1/skills", params={"limit": 3}).json()["next"] is None
    assert client.get("/v1/skills", params={"limit": 2}).json()["next"] == "b"


@pytest.mark.parametrize("limit", [0, 1001, "many"])
def test_pages_are_bounded(client, limit):
    answer = client.get("/v1/modules", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.limit"


def test_many_things_are_written_at_once(everywhere):
    body = {
        **CATALOGUE,
        "learners": [{"learner_id": "ada", "role_id": "clerk", "shoe_size": 38}],
        "assignments": [{"learner_id": "ada", "module_id": "unheard", "reason": "law"}],
        "policies": [{"policy_id": "default", "weights": {"fit": 1}}],
    }
    answer = everywhere.post("/v1/catalogue", json=body)
    assert answer.status_code == 200, answer.text
    counts = answer.json()
    assert counts.pop("revision") == 1
    assert counts == {name: len(body.get(name, ())) for name in CatalogueBody.model_fields}
    assert everywhere.get("/v1/learners/ada").json()["shoe_size"] == "38"
    assert everywhere.get("/v1/assignments/ada/unheard").json()["reason"] == "law"
    assert everywhere.get("/v1/skills/counting").json()["precedes"] == [
        {"skill_id": "judging", "strength": 1.0}
    ]


def test_where_one_thing_is_refused_none_is_written(client):
    loop = [
        {"module_id": "a", "prerequisites": [{"requires_module_id": "b"}]},
        {"module_id": "b", "prerequisites": [{"requires_module_id": "a"}]},
    ]
    body = {"skills": [{"skill_id": "s"}], "modules": loop}
    assert client.post("/v1/catalogue", json=body).status_code == 409
    assert client.get("/v1/skills/s").status_code == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"modules": [{"title": "no id"}]}, ["modules.0.module_id"]),
        ({"modules": [{"module_id": "a"}, {"module_id": "a"}]}, ["body"]),
        (
            {"modules": [{"module_id": "a", "difficulty": 2}], "roles": [{"role_id": ""}]},
            ["modules.0.difficulty", "roles.0.role_id"],
        ),
        ({"planets": [], "moons": []}, ["planets", "moons"]),
    ],
)
def test_malformed_catalogues_are_refused_field_by_field(client, body, fields):
    answer = client.post("/v1/catalogue", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == fields


def test_nothing_at_all_may_be_written(client):
    assert client.post("/v1/catalogue", json={}).json()["revision"] == 0


@pytest.mark.parametrize("module_id", ["a/b", "100%", "%2F", "naïve 🙂", "a b?c#d", "..", "+"])
def test_ids_of_any_characters_are_reached(client, module_id):
    escaped = "".join(f"%{byte:02X}" for byte in module_id.encode())
    assert client.put(f"/v1/modules/{escaped}", json={}).json()["module_id"] == module_id
    assert client.get(f"/v1/modules/{escaped}").json()["module_id"] == module_id


@pytest.mark.parametrize("escaped", ["%00", "%FF", "%ED%A0%80", "x" * 201])
def test_ids_that_no_database_keeps_are_refused(client, escaped):
    answer = client.get(f"/v1/modules/{escaped}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "path.module_id"
