"""The whole vocabulary: catalogue, learners, events, recommendations, experiments, keys, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ARRIVAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    _create_revisions()
    _create_modules()
    _create_skills_and_roles()
    _create_pathways_rules_policies()
    _create_learners()
    _create_events()
    _create_recommendations()
    _create_experiments()
    _create_keys_and_audit()


def downgrade() -> None:
    for table in (
        "audit",
        "erased_learners",
        "api_keys",
        "exposures",
        "enrolments",
        "experiments",
        "feedback",
        "recommendations",
        "outcomes",
        "evidence",
        "interactions",
        "assignments",
        "learners",
        "policies",
        "rules",
        "pathways",
        "role_skills",
        "roles",
        "skill_edges",
        "skills",
        "prerequisites",
        "module_skills",
        "modules",
        "revisions",
    ):
        op.drop_table(table)


def _create_revisions() -> None:
    revisions = op.create_table(
        "revisions",
        sa.Column("name", ID, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_revisions")),
    )
    op.bulk_insert(revisions, [{"name": "catalogue", "revision": 0}])


def _create_modules() -> None:
    op.create_table(
        "modules",
        sa.Column("module_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("format", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("duration_minutes", sa.Float()),
        sa.Column("difficulty", sa.Float()),
        sa.Column("pass_mark", sa.Float(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("accessibility", JSON, nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("updated_at", INSTANT),
        sa.Column("active_from", INSTANT),
        sa.Column("active_until", INSTANT),
        sa.Column("url", sa.Text()),
        sa.PrimaryKeyConstraint("module_id", name=op.f("pk_modules")),
    )
    op.create_table(
        "module_skills",
        sa.Column("module_id", ID, nullable=False),
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("module_id", "skill_id", name=op.f("pk_module_skills")),
    )
    op.create_table(
        "prerequisites",
        sa.Column("module_id", ID, nullable=False),
        sa.Column("requires_module_id", ID, nullable=False),
        sa.Column("requires_skill_id", ID, nullable=False),
        sa.Column("min_mastery", sa.Float()),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "module_id", "requires_module_id", "requires_skill_id", name=op.f("pk_prerequisites")
        ),
    )


def _create_skills_and_roles() -> None:
    op.create_table(
        "skills",
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", ID),
        sa.PrimaryKeyConstraint("skill_id", name=op.f("pk_skills")),
    )
    op.create_table(
        "skill_edges",
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("precedes_skill_id", ID, nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("skill_id", "precedes_skill_id", name=op.f("pk_skill_edges")),
    )
    op.create_table(
        "roles",
        sa.Column("role_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_roles")),
    )
    op.create_table(
        "role_skills",
        sa.Column("role_id", ID, nullable=False),
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", "skill_id", name=op.f("pk_role_skills")),
    )


def _create_pathways_rules_policies() -> None:
    op.create_table(
        "pathways",
        sa.Column("pathway_id", ID, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("pathway_id", name=op.f("pk_pathways")),
    )
    op.create_table(
        "rules",
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_rules")),
    )
    op.create_table(
        "policies",
        sa.Column("policy_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("pk_policies")),
    )


def _create_learners() -> None:
    op.create_table(
        "learners",
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("role_id", ID),
        sa.Column("goal_role_id", ID),
        sa.Column("department", sa.Text()),
        sa.Column("location", sa.Text()),
        sa.Column("hired_at", INSTANT),
        sa.Column("language", sa.Text()),
        sa.Column("manager_id", ID),
        sa.Column("needs", JSON, nullable=False),
        sa.Column("mentor", sa.Boolean(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_learners")),
    )
    op.create_table(
        "assignments",
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("module_id", ID, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("learner_id", "module_id", name=op.f("pk_assignments")),
    )


def _create_events() -> None:
    op.create_table(
        "interactions",
        sa.Column("sequence", ARRIVAL, autoincrement=True, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("module_id", ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("success", sa.Boolean()),
        sa.Column("duration_seconds", sa.Float()),
        sa.Column("attempt", sa.Integer()),
        sa.Column("comment", sa.Text()),
        sa.Column("recommendation_id", ID),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_interactions")),
        sa.UniqueConstraint("event_id", name=op.f("uq_interactions_event_id")),
    )
    op.create_index(
        "ix_interactions_learner_id_at", "interactions", ["learner_id", "at", "sequence"]
    )
    op.create_table(
        "evidence",
        sa.Column("sequence", ARRIVAL, autoincrement=True, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("skill_id", ID, nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("source", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_evidence")),
        sa.UniqueConstraint(
            "learner_id",
            "skill_id",
            "source",
            "at",
            name=op.f("uq_evidence_learner_id_skill_id_source_at"),
        ),
    )
    op.create_table(
        "outcomes",
        sa.Column("sequence", ARRIVAL, autoincrement=True, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("metric", ID, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_outcomes")),
        sa.UniqueConstraint(
            "learner_id", "metric", "at", name=op.f("uq_outcomes_learner_id_metric_at")
        ),
    )


def _create_recommendations() -> None:
    op.create_table(
        "recommendations",
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("served_at", INSTANT, nullable=False),
        sa.Column("snapshot_version", sa.Text()),
        sa.Column("policy_id", ID, nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", name=op.f("pk_recommendations")),
    )
    op.create_index(op.f("ix_recommendations_learner_id"), "recommendations", ["learner_id"])
    op.create_table(
        "feedback",
        sa.Column("sequence", ARRIVAL, autoincrement=True, nullable=False),
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("module_id", ID, nullable=False),
        sa.Column("outcome", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("chosen_module_id", ID),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "recommendation_id",
            "module_id",
            "outcome",
            "at",
            name=op.f("uq_feedback_recommendation_id_module_id_outcome_at"),
        ),
    )


def _create_experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("stopped_at", INSTANT),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_experiments")),
    )
    op.create_table(
        "enrolments",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "unit_id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_unit_id"), "enrolments", ["unit_id"])
    op.create_table(
        "exposures",
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", "experiment_id", name=op.f("pk_exposures")),
    )
    op.create_index(op.f("ix_exposures_unit_id"), "exposures", ["unit_id"])


def _create_keys_and_audit() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", ID, nullable=False),
        sa.Column("key_hash", ID, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "erased_learners",
        sa.Column("learner_id_hash", ID, nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("learner_id_hash", name=op.f("pk_erased_learners")),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", ARRIVAL, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
    )
