"""Experiments: enrolments by learner, the variants of groups, and exposures with their learner.

Nothing has written enrolments and exposures before, so their tables are made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("enrolments")
    op.drop_table("exposures")
    op.create_table(
        "enrolments",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "learner_id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_learner_id"), "enrolments", ["learner_id"])
    op.create_table(
        "group_variants",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "unit_id", name=op.f("pk_group_variants")),
    )
    op.create_table(
        "exposures",
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", "experiment_id", name=op.f("pk_exposures")),
    )
    op.create_index(op.f("ix_exposures_learner_id"), "exposures", ["learner_id"])
    op.create_index("ix_exposures_experiment_id_at", "exposures", ["experiment_id", "at"])
    op.execute("INSERT INTO revisions (name, revision) VALUES ('experiments', 0)")


def downgrade() -> None:
    op.execute("DELETE FROM revisions WHERE name = 'experiments'")
    op.drop_table("exposures")
    op.drop_table("group_variants")
    op.drop_table("enrolments")
    op.create_table(
        "enrolments",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "unit_id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_unit_id"), "enrolments", ["unit_id"])
    op.create_table(
        "exposures",
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", "experiment_id", name=op.f("pk_exposures")),
    )
    op.create_index(op.f("ix_exposures_unit_id"), "exposures", ["unit_id"])
