"""The tables of one workspace."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from features.store.columns import Instant, Json, StringSet

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Sequence = BigInteger().with_variant(Integer(), "sqlite")

# One row: `catalogue` goes up by one with every change of anything the catalogue holds.
revisions = Table(
    "revisions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

learners = Table(
    "learners",
    metadata,
    Column("learner_id", Text, primary_key=True),
    Column("role_id", Text),
    Column("goal_role_id", Text),
    Column("department", Text),
    Column("location", Text),
    Column("hired_at", Instant),
    Column("language", Text),
    Column("manager_id", Text),
    Column("needs", StringSet, nullable=False),
    Column("mentor", Boolean, nullable=False),
    Column("attributes", Json, nullable=False),
)

modules = Table(
    "modules",
    metadata,
    Column("module_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("format", Text),
    Column("kind", Text),
    Column("duration_minutes", Float),
    Column("difficulty", Float),
    Column("pass_mark", Float, nullable=False),
    Column("language", Text),
    Column("mandatory", Boolean, nullable=False),
    Column("accessibility", StringSet, nullable=False),
    Column("version", Text),
    Column("updated_at", Instant),
    Column("active_from", Instant),
    Column("active_until", Instant),
    Column("url", Text),
)

module_skills = Table(
    "module_skills",
    metadata,
    Column("module_id", Text, primary_key=True),
    Column("skill_id", Text, primary_key=True),
    Column("weight", Float, nullable=False),
)

# `requires_*` is "" where the other one is meant, so that the pair can be part of the key.
prerequisites = Table(
    "prerequisites",
    metadata,
    Column("module_id", Text, primary_key=True),
    Column("requires_module_id", Text, primary_key=True, default=""),
    Column("requires_skill_id", Text, primary_key=True, default=""),
    Column("min_mastery", Float),
    Column("strength", Float, nullable=False),
)

skills = Table(
    "skills",
    metadata,
    Column("skill_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Text),
)

skill_edges = Table(
    "skill_edges",
    metadata,
    Column("skill_id", Text, primary_key=True),
    Column("precedes_skill_id", Text, primary_key=True),
    Column("strength", Float, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("role_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
)

role_skills = Table(
    "role_skills",
    metadata,
    Column("role_id", Text, primary_key=True),
    Column("skill_id", Text, primary_key=True),
    Column("target", Float, nullable=False),
    Column("weight", Float, nullable=False),
)

pathways = Table(
    "pathways",
    metadata,
    Column("pathway_id", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("body", Json, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("body", Json, nullable=False),
)

# Every version of a policy is kept: a recommendation names the one that served it.
policies = Table(
    "policies",
    metadata,
    Column("policy_id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("body", Json, nullable=False),
    Column("is_current", Boolean, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("learner_id", Text, primary_key=True),
    Column("module_id", Text, primary_key=True),
    Column("due_at", Instant),
    Column("reason", Text),
)

# `sequence` keeps the order of arrival where `at` ties.
interactions = Table(
    "interactions",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("learner_id", Text, nullable=False),
    Column("module_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("score", Float),
    Column("success", Boolean),
    Column("duration_seconds", Float),
    Column("attempt", Integer),
    Column("comment", Text),
    Column("recommendation_id", Text),
    Index("ix_interactions_learner_id_at", "learner_id", "at", "sequence"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("learner_id", Text, nullable=False),
    Column("skill_id", Text, nullable=False),
    Column("level", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("learner_id", "skill_id", "source", "at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("learner_id", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("learner_id", "metric", "at"),
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("recommendation_id", Text, primary_key=True),
    Column("learner_id", Text, nullable=False, index=True),
    Column("served_at", Instant, nullable=False),
    Column("snapshot_version", Text),
    Column("policy_id", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("context", Json, nullable=False),
    Column("answer", Json, nullable=False),
    Column("candidates", Json, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("recommendation_id", Text, nullable=False),
    Column("module_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Column("chosen_module_id", Text),
    UniqueConstraint("recommendation_id", "module_id", "outcome", "at"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", Text, primary_key=True),
    Column("body", Json, nullable=False),
    Column("started_at", Instant),
    Column("stopped_at", Instant),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("experiment_id", Text, primary_key=True),
    Column("unit_id", Text, primary_key=True),
    Column("variant_id", Text, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("recommendation_id", Text, primary_key=True),
    Column("experiment_id", Text, primary_key=True),
    Column("unit_id", Text, nullable=False),
    Column("variant_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

erased_learners = Table(
    "erased_learners",
    metadata,
    Column("learner_id_hash", Text, primary_key=True),
    Column("erased_at", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("detail", Json, nullable=False),
)
