from datetime import UTC, datetime, timedelta

import pytest

from features.domain.errors import InvalidValueError, NotFoundError
from features.store.keys import SCOPES, ApiKey
from features.store.tables import api_keys

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_new_key_is_found_by_its_text(workspace):
    with workspace.transaction() as repositories:
        created = repositories.keys.create(["events", "recommend"], AT)
    assert created.scopes == ("recommend", "events")
    with workspace.reading() as repositories:
        assert repositories.keys.find(created.key) == ApiKey(
            key_id=created.key_id, scopes=frozenset({"recommend", "events"}), created_at=AT
        )


def test_keys_are_long_random_and_recognisable(workspace):
    with workspace.transaction() as repositories:
        created = [repositories.keys.create(SCOPES, AT) for _ in range(20)]
    assert len({one.key for one in created} | {one.key_id for one in created}) == 40
    assert all(one.key.startswith("wm_") for one in created)
    assert all(len(one.key) == 3 + 43 for one in created)  # 32 bytes in base64


def test_the_text_of_a_key_is_stored_nowhere(workspace):
    with workspace.transaction() as repositories:
        created = repositories.keys.create(["admin"], AT)
    with workspace.reading() as repositories:
        (stored,) = repositories.bulk.read_columns(api_keys, api_keys.columns.keys(), ["key_id"])
    assert created.key_id in str(stored)
    assert created.key not in str(stored)
    assert created.key.removeprefix("wm_") not in str(stored)


@pytest.mark.parametrize("text", ["", "wm_", "wm_unknown", "key_1", "ключ"])
def test_a_text_that_is_no_key_is_not_found(workspace, text):
    with workspace.transaction() as repositories:
        repositories.keys.create(["admin"], AT)
        assert repositories.keys.find(text) is None


def test_a_revoked_key_is_found_no_more_but_stays_listed(workspace):
    with workspace.transaction() as repositories:
        kept = repositories.keys.create(["admin"], AT)
        created = repositories.keys.create(["events"], AT + timedelta(days=1))
    for later in (2, 3):
        with workspace.transaction() as repositories:
            repositories.keys.revoke(created.key_id, AT + timedelta(days=later))
    with workspace.reading() as repositories:
        assert repositories.keys.find(created.key) is None
        assert repositories.keys.find(kept.key) is not None
        listed = repositories.keys.list()
    assert [one.key_id for one in listed] == [kept.key_id, created.key_id]
    assert [one.revoked_at for one in listed] == [None, AT + timedelta(days=2)]


def test_revoking_a_key_that_does_not_exist_is_refused(workspace):
    with workspace.transaction() as repositories, pytest.raises(NotFoundError, match="key_9"):
        repositories.keys.revoke("key_9", AT)


@pytest.mark.parametrize("scopes", [["admin", "root"], []])
def test_unknown_scopes_are_refused_with_the_allowed_ones(workspace, scopes):
    with (
        workspace.transaction() as repositories,
        pytest.raises(
            InvalidValueError,
            match="recommend, events, catalogue, experiments, analytics, admin",
        ),
    ):
        repositories.keys.create(scopes, AT)
    with workspace.reading() as repositories:
        assert repositories.keys.list() == ()


def test_acts_are_listed_in_order_and_paged(workspace):
    with workspace.transaction() as repositories:
        for number in range(5):
            repositories.audit.add(
                at=AT, actor="key_1", action="policy.put", subject=f"p{number}", detail={"at": AT}
            )
        repositories.audit.add(at=AT, actor="key_1", action="readyz")
    with workspace.reading() as repositories:
        first = repositories.audit.list(after=None, limit=4)
        second = repositories.audit.list(after=first[-1].sequence, limit=4)
    assert [one.subject for one in (*first, *second)] == ["p0", "p1", "p2", "p3", "p4", None]
    assert first[0].detail == {"at": "2026-03-01T09:00:00Z"}
    assert (first[0].at, first[0].actor, first[0].action) == (AT, "key_1", "policy.put")
    assert second[-1].detail == {}
