"""The service's small parts, without a database or a network."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from features.domain.catalogue import Catalogue, Module
from features.domain.checks import require_storable
from features.domain.errors import (
    OverloadedError,
    RateLimitedError,
    SnapshotError,
    StoreUnavailableError,
    UnauthenticatedError,
)
from features.domain.instants import from_seconds, write_instant
from features.forms import read_instant
from features.settings import Settings
from features.store.keys import ApiKey
from service import auth, rankings
from service.auth import Keyring
from service.intake import EVENTS, read_rows
from service.problems import RETRY_AFTER_SECONDS, answer_for, offending_fields
from service.rankings import Rankings
from service.routes.paths import page_of, rows_after, unescape
from service.routes.recommendations import candidates_by_module
from service.schemas.learners import attribute_text
from service.serve import environment_of

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("loc", "pointer"),
    [
        (("body", "items", 3, "score"), "items.3.score"),
        (("query", "limit"), "query.limit"),
        (("body",), "body"),
        ((), "body"),
    ],
)
def test_a_field_is_named_by_its_path(loc, pointer):
    error = {"loc": loc, "msg": "Value error, it is wrong", "type": "value_error"}
    assert offending_fields([error]) == [{"field": pointer, "detail": "it is wrong"}]


def test_who_asks_too_often_is_told_when_there_is_room_again():
    assert answer_for(RateLimitedError("Wait.", 17)).headers["retry-after"] == "17"
    assert answer_for(OverloadedError("Wait.")).headers["retry-after"] == str(RETRY_AFTER_SECONDS)


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "x\udfff"])
def test_text_that_cannot_be_kept_is_refused(text):
    with pytest.raises(ValueError, match="must not contain"):
        require_storable(text)


@pytest.mark.parametrize("text", ["", "plain", "naïve 🙂", "\ue000"])
def test_any_other_text_is_kept(text):
    assert require_storable(text) == text


@pytest.mark.parametrize("value", [True, None, [], {}, "soon", math.inf, "2026-03-01"])
def test_what_says_no_instant_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        read_instant(value)


def test_seconds_become_instants_to_the_microsecond():
    at = datetime(2026, 3, 1, 9, 0, 0, 250_001, tzinfo=UTC)
    assert from_seconds(at.timestamp()) == at


def test_instants_are_written_in_utc():
    assert write_instant(read_instant("2026-03-01T10:00:00+01:00")) == "2026-03-01T09:00:00Z"


@pytest.mark.parametrize(("segment", "name"), [("a%2Fb", "a/b"), ("100%25", "100%"), ("x", "x")])
def test_segments_are_unescaped(segment, name):
    assert unescape(segment) == name


def test_an_escaped_escape_is_no_slash():
    assert unescape("%252F") == "%2F"


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (7, "7"), (0.1, "0.1"), (True, "true"), (None, None)]
)
def test_attributes_become_text(value, text):
    assert attribute_text(value) == text


@dataclass
class Named:
    name: str


def test_one_row_too_many_says_there_is_a_next_page():
    rows = [Named("a"), Named("b"), Named("c")]
    assert page_of(rows, 2, "name") == {"items": rows[:2], "next": "b"}
    assert page_of(rows, 3, "name") == {"items": rows, "next": None}
    assert page_of([], 3, "name") == {"items": [], "next": None}


def test_rows_after_a_cursor_come_in_its_order():
    rows = [Named("c"), Named("a"), Named("b")]
    assert [row.name for row in rows_after(rows, "a", "name")] == ["b", "c"]


def test_candidates_are_turned_from_columns_into_rows():
    columns = {
        "module_ids": ["a", "b"],
        "tier": [0, 1],
        "score": [0.5, 0.25],
        "p_first": [1.0, 0.0],
        "p_success": [0.7, 0.8],
        "ready": [1.0, 0.5],
        "terms": {"gap": [0.1, 0.2]},
    }
    assert candidates_by_module(columns)[1] == {
        "module_id": "b",
        "tier": 1,
        "score": 0.25,
        "p_first": 0.0,
        "p_success": 0.8,
        "ready": 0.5,
        "terms": {"gap": 0.2},
    }


def test_rows_are_sorted_into_good_and_refused():
    row = {"learner_id": "a", "module_id": "m", "event": "viewed", "at": NOW.isoformat()}
    late = {**row, "at": (NOW + timedelta(hours=1)).isoformat()}
    good, rejected = read_rows(EVENTS.schema, [row, {}, late], NOW)
    assert list(good) == [0]
    assert [rejection.index for rejection in rejected] == [1, 2]
    assert "learner_id" in rejected[0].detail
    assert "module_id" in rejected[0].detail


def test_an_event_row_is_strict():
    with pytest.raises(ValidationError):
        EVENTS.schema.model_validate({"learner_id": 1})


def test_every_setting_reaches_the_workers(monkeypatch):
    settings = Settings(workers=3)
    given = environment_of(settings)
    assert given["WAYMARK_WORKERS"] == "3"
    assert "WAYMARK_GOLDEN_LEARNERS" not in given  # which would be a file called None
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


class Keys:
    """A database that holds one key, or is down."""

    def __init__(self):
        self.is_down = False
        self.n_asked = 0
        self.revoked_at = None
        self.keys = self

    def reading(self):
        return self

    def __enter__(self):
        if self.is_down:
            raise StoreUnavailableError("down")
        self.n_asked += 1
        return self

    def __exit__(self, *_):
        return False

    def find(self, key):
        if key != "good" or self.revoked_at is not None:
            return None
        return ApiKey(key_id="k", scopes=frozenset({"events"}), created_at=NOW)


def test_a_key_is_looked_up_once_and_remembered():
    keys = Keys()
    keyring = Keyring(keys)
    assert keyring.recall("Bearer good") is None
    assert keyring.authenticate("Bearer good").scopes == {"events"}
    assert keyring.recall("bearer good").key_id == "k"
    assert keys.n_asked == 1


def test_wrong_keys_are_never_remembered():
    keyring = Keyring(Keys())
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            keyring.authenticate("Bearer bad")
        assert keyring.recall("Bearer bad") is None


def test_good_keys_work_on_while_the_database_is_down(monkeypatch):
    monkeypatch.setattr(auth, "FRESH_SECONDS", 0.0)
    keys = Keys()
    keyring = Keyring(keys)
    keyring.authenticate("Bearer good")
    keys.is_down = True
    assert keyring.recall("Bearer good") is None
    assert keyring.authenticate("Bearer good").key_id == "k"
    with pytest.raises(StoreUnavailableError):
        keyring.authenticate("Bearer unseen")


def test_a_key_found_revoked_is_forgotten_also_for_outages(monkeypatch):
    monkeypatch.setattr(auth, "FRESH_SECONDS", 0.0)
    keys = Keys()
    keyring = Keyring(keys)
    keyring.authenticate("Bearer good")
    keys.revoked_at = NOW
    with pytest.raises(UnauthenticatedError):
        keyring.authenticate("Bearer good")
    keys.is_down = True
    with pytest.raises(StoreUnavailableError):
        keyring.authenticate("Bearer good")


def test_only_so_many_keys_are_remembered(monkeypatch):
    monkeypatch.setattr(auth, "MAX_REMEMBERED_KEYS", 2)
    keys = Keys()
    keys.find = lambda key: ApiKey(key_id=key, scopes=frozenset(), created_at=NOW)
    keyring = Keyring(keys)
    for key in ("a", "b", "c"):
        keyring.authenticate(f"Bearer {key}")
    assert [keyring.recall(f"Bearer {key}") is None for key in ("a", "b", "c")] == [
        True,
        False,
        False,
    ]


class Shelves:
    """Repositories of a catalogue that counts how often it is read."""

    def __init__(self):
        self.catalogue = self
        self.stored = Catalogue(revision=1, modules=(Module(module_id="a", title="A"),))
        self.n_loaded = 0

    def revision(self):
        return self.stored.revision

    def load(self):
        self.n_loaded += 1
        return self.stored


def test_the_catalogue_is_read_only_where_its_revision_moved():
    shelves, held = Shelves(), Rankings()
    assert held.remembered() is None
    first = held.current(shelves)
    assert held.current(shelves) is first
    assert shelves.n_loaded == 1
    shelves.stored = Catalogue(revision=2)
    assert held.current(shelves).index.modules == ()
    assert held.remembered() is held.current(shelves)


def test_a_catalogue_that_was_restored_to_an_earlier_revision_is_read_again():
    shelves, held = Shelves(), Rankings()
    shelves.stored = Catalogue(revision=9)
    held.current(shelves)
    shelves.stored = Catalogue(revision=3)
    assert held.current(shelves).index.catalogue.revision == 3


@dataclass
class Bound:
    index: object
    version: str | None


@dataclass
class Taken:
    version: str
    is_sound: bool = True


def bind_or_fail(index, snapshot):
    if snapshot is not None and not snapshot.is_sound:
        raise SnapshotError("an array is missing")
    return Bound(index, None if snapshot is None else snapshot.version)


def test_a_snapshot_is_swapped_whole(monkeypatch):
    monkeypatch.setattr(rankings, "bind", bind_or_fail)
    shelves, held = Shelves(), Rankings()
    before = held.current(shelves)
    held.adopt(Taken("2"))
    after = held.current(shelves)
    assert (before.version, after.version) == (None, "2")
    assert after.index is before.index
    assert shelves.n_loaded == 1


def test_a_snapshot_adopted_before_the_first_request_serves_it(monkeypatch):
    monkeypatch.setattr(rankings, "bind", bind_or_fail)
    held = Rankings()
    held.adopt(Taken("1"))
    assert held.current(Shelves()).version == "1"


def test_a_snapshot_that_does_not_fit_leaves_the_one_before(monkeypatch):
    monkeypatch.setattr(rankings, "bind", bind_or_fail)
    shelves, held = Shelves(), Rankings()
    held.adopt(Taken("1"))
    with pytest.raises(SnapshotError, match="an array is missing"):
        held.adopt(Taken("2", is_sound=False))
    assert held.current(shelves).version == "1"
    shelves.stored = Catalogue(revision=2)
    assert held.current(shelves).version == "1"
