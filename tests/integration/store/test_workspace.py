from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from features.domain.catalogue import Module
from features.domain.errors import StoreUnavailableError, WaymarkError
from features.domain.history import Learner
from features.store.workspace import Workspace

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def module_ids(workspace):
    with workspace.reading() as repositories:
        return [m.module_id for m in repositories.catalogue.list_modules(after=None, limit=100)]


def test_what_was_written_is_there_after_opening_again(database_url):
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        repositories.learners.put(Learner(learner_id="u1", role_id="analyst"))
    with Workspace.open(database_url) as workspace, workspace.reading() as repositories:
        assert repositories.learners.get("u1") == Learner(learner_id="u1", role_id="analyst")


def test_an_exception_leaves_nothing(workspace):
    def write_and_fail():
        with workspace.transaction() as repositories:
            repositories.catalogue.put_module(Module(module_id="m1", title="One"))
            repositories.learners.put(Learner(learner_id="u1"))
            repositories.keys.create(["admin"], NOW)
            message = "after writing"
            raise ZeroDivisionError(message)

    with pytest.raises(ZeroDivisionError, match="after writing"):
        write_and_fail()
    with workspace.reading() as repositories:
        assert repositories.catalogue.load().modules == ()
        assert repositories.catalogue.revision() == 0
        assert repositories.learners.get("u1") is None
        assert repositories.keys.list() == ()


def test_writing_while_reading_is_refused(workspace):
    with (
        pytest.raises((StoreUnavailableError, DBAPIError), match=r"read-?only"),
        workspace.reading() as repositories,
    ):
        repositories.catalogue.add_bare_modules(["m1"])
    assert module_ids(workspace) == []


def test_a_connection_that_read_can_write_afterwards(workspace):
    for number in range(3):
        module_ids(workspace)
        with workspace.transaction() as repositories:
            repositories.catalogue.add_bare_modules([f"m{number}"])
    assert module_ids(workspace) == ["m0", "m1", "m2"]


def test_a_reader_sees_one_state_while_others_write(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.add_bare_modules(["m1"])
    with workspace.reading() as reader:
        before = reader.catalogue.load()
        with workspace.transaction() as writer:
            writer.catalogue.add_bare_modules(["m2"])
        assert reader.catalogue.load() == before
    assert module_ids(workspace) == ["m1", "m2"]


def test_workspaces_of_one_database_cannot_see_each_other(database_url):
    with (
        Workspace.open(database_url) as main,
        Workspace.open(database_url, "acme") as acme,
        Workspace.open(database_url, "globex") as globex,
    ):
        for workspace in (main, acme, globex):
            with workspace.transaction() as repositories:
                repositories.catalogue.add_bare_modules([f"of {workspace.name}"])
                repositories.keys.create(["admin"], NOW)
        for workspace in (main, acme, globex):
            assert module_ids(workspace) == [f"of {workspace.name}"]
            with workspace.reading() as repositories:
                assert repositories.catalogue.revision() == 1
                assert len(repositories.keys.list()) == 1


def test_a_key_of_one_workspace_opens_no_other(database_url):
    with Workspace.open(database_url) as main, Workspace.open(database_url, "acme") as acme:
        with main.transaction() as repositories:
            key = repositories.keys.create(["recommend"], NOW).key
        with acme.reading() as repositories:
            assert repositories.keys.find(key) is None


def test_a_closed_workspace_can_be_opened_again(database_url):
    workspace = Workspace.open(database_url)
    workspace.close()
    Workspace.open(database_url).close()


def test_a_workspace_with_an_unusable_name_is_refused(database_url):
    with pytest.raises(WaymarkError, match="workspace name"):
        Workspace.open(database_url, "../other")
