"""The store: tables, migrations and repositories, all reached through a Workspace."""
