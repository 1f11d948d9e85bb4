import pytest

from features.domain.errors import InvalidValueError
from features.store.urls import parse_url, place_of, schema_of, workspace_url


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://ann:secret@db:5433/learning",
        "postgres://ann:secret@db:5433/learning",
        "postgresql+psycopg://ann:secret@db:5433/learning",
    ],
)
def test_every_form_of_postgresql_url_gets_the_psycopg_driver(given):
    url = parse_url(given)
    assert url.drivername == "postgresql+psycopg"
    assert (url.host, url.port, url.database, url.password) == ("db", 5433, "learning", "secret")


@pytest.mark.parametrize("given", ["sqlite:///waymark.db", "sqlite+pysqlite:///waymark.db"])
def test_a_sqlite_url_keeps_its_path(given):
    assert parse_url(given).database == "waymark.db"


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_sqlite_without_a_file_is_refused_with_a_remedy(given):
    with pytest.raises(InvalidValueError, match=r"sqlite:///waymark\.db"):
        parse_url(given)


@pytest.mark.parametrize(
    "given",
    [
        "mysql://ann:secret@db/x",
        "secret",
        "",
        "postgresql://ann:sec@ret@db/x",
        "postgresql://db:se/x",
    ],
)
def test_an_unusable_url_is_refused_without_quoting_it(given):
    with pytest.raises(InvalidValueError) as refusal:
        parse_url(given)
    assert "WAYMARK_DATABASE_URL" in refusal.value.detail
    assert "secret" not in refusal.value.detail
    assert "ret@" not in refusal.value.detail


def test_main_lies_where_the_url_points():
    assert workspace_url("sqlite:///data/waymark.db").database == "data/waymark.db"
    assert "options" not in workspace_url("postgresql://db/x").query
    assert schema_of("main") is None


def test_another_workspace_is_a_file_or_a_schema_of_its_own():
    assert workspace_url("sqlite:///data/waymark.db", "acme").database == "data/waymark.acme.db"
    url = workspace_url("postgresql://db/x", "acme")
    assert url.query["options"] == "-csearch_path=waymark_acme"
    assert schema_of("acme") == "waymark_acme"


def test_options_of_the_url_stay_beside_the_schema():
    url = workspace_url("postgresql://db/x?options=-cwork_mem%3D8MB", "acme")
    assert url.query["options"] == "-cwork_mem=8MB -csearch_path=waymark_acme"


@pytest.mark.parametrize("name", ["", "Acme", "1st", "a-b", "a;drop", "../x", "a" * 41])
def test_names_that_are_no_identifier_are_refused(name):
    with pytest.raises(InvalidValueError, match="workspace name"):
        workspace_url("sqlite:///waymark.db", name)


def test_a_place_is_named_without_user_and_password():
    place = place_of(parse_url("postgresql://ann:secret@db:5433/learning"))
    assert place == "PostgreSQL database 'learning' at db:5433"
    assert place_of(parse_url("sqlite:///data/a b.db")) == "SQLite file data/a b.db"
    assert "the local socket" in place_of(parse_url("postgresql:///learning"))
