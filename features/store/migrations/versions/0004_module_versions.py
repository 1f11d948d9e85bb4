"""Since when each version of a module is out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "module_versions",
        sa.Column("module_id", ID, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("module_id", "version", name=op.f("pk_module_versions")),
    )


def downgrade() -> None:
    op.drop_table("module_versions")
