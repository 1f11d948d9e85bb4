"""Since when versions of modules are out."""

from datetime import UTC, datetime, timedelta

from features.domain.catalogue import Module

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)


def put(workspace, at, **fields):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(Module(module_id="m1", title="One", **fields))
        repositories.catalogue.record_versions(at)


def versioned_at(workspace):
    with workspace.transaction() as repositories:
        return repositories.catalogue.load().modules[0].versioned_at


def test_the_first_version_took_no_others_place(workspace):
    put(workspace, FIRST, version="1")
    assert versioned_at(workspace) is None


def test_another_version_is_out_since_it_was_written(workspace):
    put(workspace, FIRST, version="1")
    put(workspace, FIRST + DAY, version="2")
    assert versioned_at(workspace) == FIRST + DAY
    put(workspace, FIRST + 2 * DAY, version="2", duration_minutes=5.0)
    assert versioned_at(workspace) == FIRST + DAY


def test_a_version_is_out_since_the_day_its_module_names(workspace):
    put(workspace, FIRST, version="1", updated_at=FIRST - 9 * DAY)
    assert versioned_at(workspace) == FIRST - 9 * DAY
    put(workspace, FIRST, version="2", updated_at=FIRST - 3 * DAY)
    assert versioned_at(workspace) == FIRST - 3 * DAY


def test_a_day_that_was_not_raised_with_the_version_is_not_believed(workspace):
    put(workspace, FIRST, version="1", updated_at=FIRST - 9 * DAY)
    put(workspace, FIRST, version="2", updated_at=FIRST - 9 * DAY)
    assert versioned_at(workspace) == FIRST


def test_a_corrected_day_makes_no_new_version(workspace):
    put(workspace, FIRST, version="1")
    put(workspace, FIRST, version="1", updated_at=FIRST - DAY)
    assert versioned_at(workspace) is None


def test_modules_without_a_version_have_none(workspace):
    put(workspace, FIRST, updated_at=FIRST)
    assert versioned_at(workspace) is None


def test_a_version_that_is_kept_already_changes_nothing(workspace):
    put(workspace, FIRST, version="1")
    with workspace.transaction() as repositories:
        before = repositories.catalogue.revision()
        repositories.catalogue.record_versions(FIRST + DAY)
        assert repositories.catalogue.revision() == before
