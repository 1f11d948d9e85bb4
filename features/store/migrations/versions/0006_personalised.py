"""Learners may opt out of personalisation."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default lets versions before this one go on writing learners.
    op.add_column(
        "learners",
        sa.Column("personalised", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def downgrade() -> None:
    op.drop_column("learners", "personalised")
