"""Runs migrations on the connection, and inside the transaction, of `features.store.migrate`."""

from alembic import context

from features.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
