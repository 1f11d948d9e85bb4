"""The database itself keeps what is on record: no statement changes it, but for erasure."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError

from features.store.engine import open_engine
from features.store.tables import audit, feedback, recommendations
from features.store.tombstones import hash_of

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
ACT = {"at": AT, "actor": "key_1", "action": "learner.export", "subject": "ada", "detail": {}}
ANSWER = {
    "recommendation_id": "r1",
    "learner_id": "ada",
    "served_at": AT,
    "policy_id": "default",
    "policy_version": "1",
    "context": {},
    "answer": {},
    "candidates": b"",
}
OVERRIDE = {
    "recommendation_id": "r1",
    "module_id": "m1",
    "outcome": "overridden",
    "at": AT,
    "actor": "boss",
    "reason": "law",
    "chosen_module_id": "m2",
}


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    with opened.begin() as connection:
        connection.execute(insert(audit), [ACT])
        connection.execute(insert(recommendations), [ANSWER])
        connection.execute(insert(feedback), [OVERRIDE])
    yield opened
    opened.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        delete(audit),
        update(audit).values(actor="somebody else"),
        update(audit).values(subject="somebody else"),
        update(audit).values(subject=None),
        update(audit).values(subject=hash_of("ada"), detail={"changed": True}),
        update(recommendations).values(policy_id="another"),
        update(feedback).values(reason="another"),
        update(feedback).values(actor="another"),
        update(feedback).values(actor=None, chosen_module_id=None),
    ],
    ids=str,
)
def test_what_is_on_record_cannot_be_changed(engine, statement):
    with pytest.raises(DBAPIError, match="never"), engine.begin() as connection:
        connection.execute(statement)


def test_the_trail_cannot_be_emptied(postgresql_url):
    engine = open_engine(postgresql_url)
    with pytest.raises(DBAPIError, match="audit never"), engine.begin() as connection:
        connection.execute(text("TRUNCATE audit"))
    engine.dispose()


def test_erasure_hides_who_it_was_and_nothing_else(engine):
    with engine.begin() as connection:
        connection.execute(update(audit).values(subject=hash_of("ada")))
        connection.execute(update(feedback).values(actor=None))
        connection.execute(delete(feedback))
        connection.execute(delete(recommendations))
