"""What is on record stays as it was written: the database itself refuses to change it."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Erasing a learner puts a hash, 64 hexadecimal digits, in the place of their id, and nothing else.
_OTHER_CHANGE = {
    "audit": """new.sequence <> old.sequence OR new.at <> old.at OR new.actor <> old.actor
        OR new.action <> old.action OR new.detail <> old.detail
        OR coalesce(length(new.subject), 0) <> 64""",
    "feedback": """new.sequence <> old.sequence OR new.at <> old.at OR new.actor IS NOT NULL
        OR new.recommendation_id <> old.recommendation_id OR new.module_id <> old.module_id
        OR new.outcome <> old.outcome OR coalesce(new.reason, '') <> coalesce(old.reason, '')
        OR coalesce(new.chosen_module_id, '') <> coalesce(old.chosen_module_id, '')""",
    "recommendations": "new.recommendation_id IS NOT NULL",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
        return
    for table, changed in _OTHER_CHANGE.items():
        op.execute(
            f"CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table} WHEN {changed} "
            f"BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'audit never shrinks'); END"
    )


def _upgrade_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% never changes', TG_TABLE_NAME; END $$"
    )
    for table, changed in _OTHER_CHANGE.items():
        op.execute(
            f"CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({changed}) EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER audit_never_shrinks BEFORE DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    names = {f"{table}_never_changes": table for table in _OTHER_CHANGE}
    for name, table in (names | {"audit_never_shrinks": "audit"}).items():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        op.execute("DROP FUNCTION refuse_change()")
