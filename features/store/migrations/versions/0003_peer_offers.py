"""Peers: who is willing is found at once, and to whom they were named is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "peer_offers",
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("peer_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "skill_id", "peer_id", name=op.f("pk_peer_offers")),
    )
    op.create_index(op.f("ix_peer_offers_peer_id_at"), "peer_offers", ["peer_id", "at"])
    op.create_index(
        op.f("ix_learners_mentor"),
        "learners",
        ["mentor"],
        sqlite_where=sa.text("mentor"),
        postgresql_where=sa.text("mentor"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_learners_mentor"), "learners")
    op.drop_table("peer_offers")
