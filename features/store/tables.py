"""The tables of one workspace.

Columns that must have a value carry a default, so that a row may be written with less.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from features.domain.catalogue import DEFAULT_PASS_MARK
from features.store.columns import Arrival, Document, Id, Instant, Json, StringSet

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# `catalogue` goes up by one with every change of anything the catalogue holds, `experiments` with
# every change of an experiment.
revisions = Table(
    "revisions",
    metadata,
    Column("name", Id, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

learners = Table(
    "learners",
    metadata,
    Column("learner_id", Id, primary_key=True),
    Column("role_id", Id),
    Column("goal_role_id", Id),
    Column("department", Text),
    Column("location", Text),
    Column("hired_at", Instant),
    Column("language", Text),
    Column("manager_id", Id),
    Column("needs", StringSet, nullable=False, default=frozenset()),
    Column("mentor", Boolean, nullable=False, default=False),
    Column("personalised", Boolean, nullable=False, default=True, server_default=true()),
    Column("attributes", Json, nullable=False, default={}),
    Index(
        "ix_learners_mentor",
        "mentor",
        sqlite_where=text("mentor"),
        postgresql_where=text("mentor"),
    ),
)

modules = Table(
    "modules",
    metadata,
    Column("module_id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("format", Text),
    Column("kind", Text),
    Column("duration_minutes", Float),
    Column("difficulty", Float),
    Column("pass_mark", Float, nullable=False, default=DEFAULT_PASS_MARK),
    Column("language", Text),
    Column("mandatory", Boolean, nullable=False, default=False),
    Column("accessibility", StringSet, nullable=False, default=frozenset()),
    Column("version", Text),
    Column("updated_at", Instant),
    Column("active_from", Instant),
    Column("active_until", Instant),
    Column("url", Text),
)

# Since when each version of a module is out; 0 for one that took no other's place.
module_versions = Table(
    "module_versions",
    metadata,
    Column("module_id", Id, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("since", Instant, nullable=False),
)

module_skills = Table(
    "module_skills",
    metadata,
    Column("module_id", Id, primary_key=True),
    Column("skill_id", Id, primary_key=True),
    Column("weight", Float, nullable=False, default=1.0),
)

# `requires_*` is "" where the other one is meant, so that the pair can be part of the key.
prerequisites = Table(
    "prerequisites",
    metadata,
    Column("module_id", Id, primary_key=True),
    Column("requires_module_id", Id, primary_key=True, default=""),
    Column("requires_skill_id", Id, primary_key=True, default=""),
    Column("min_mastery", Float),
    Column("strength", Float, nullable=False, default=1.0),
)

skills = Table(
    "skills",
    metadata,
    Column("skill_id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Id),
)

skill_edges = Table(
    "skill_edges",
    metadata,
    Column("skill_id", Id, primary_key=True),
    Column("precedes_skill_id", Id, primary_key=True),
    Column("strength", Float, nullable=False, default=1.0),
)

roles = Table(
    "roles",
    metadata,
    Column("role_id", Id, primary_key=True),
    Column("name", Text, nullable=False),
)

role_skills = Table(
    "role_skills",
    metadata,
    Column("role_id", Id, primary_key=True),
    Column("skill_id", Id, primary_key=True),
    Column("target", Float, nullable=False),
    Column("weight", Float, nullable=False, default=1.0),
)

pathways = Table(
    "pathways",
    metadata,
    Column("pathway_id", Id, primary_key=True),
    Column("version", Text, nullable=False),
    Column("body", Json, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("rule_id", Id, primary_key=True),
    Column("body", Json, nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("assessment_id", Id, primary_key=True),
    Column("learner_id", Id, nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("body", Json, nullable=False),
)

# Every version of a policy is kept: a recommendation names the one that served it.
policies = Table(
    "policies",
    metadata,
    Column("policy_id", Id, primary_key=True),
    Column("version", Id, primary_key=True),
    Column("body", Json, nullable=False),
    Column("is_current", Boolean, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("learner_id", Id, primary_key=True),
    Column("module_id", Id, primary_key=True),
    Column("due_at", Instant),
    Column("reason", Text),
)

# `sequence` keeps the order of arrival where `at` ties.
interactions = Table(
    "interactions",
    metadata,
    Column("sequence", Arrival, primary_key=True, autoincrement=True),
    Column("event_id", Id, nullable=False, unique=True),
    Column("learner_id", Id, nullable=False),
    Column("module_id", Id, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("score", Float),
    Column("success", Boolean),
    Column("duration_seconds", Float),
    Column("attempt", Integer),
    Column("comment", Text),
    Column("recommendation_id", Id),
    Index("ix_interactions_learner_id_at", "learner_id", "at", "sequence"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("sequence", Arrival, primary_key=True, autoincrement=True),
    Column("learner_id", Id, nullable=False),
    Column("skill_id", Id, nullable=False),
    Column("level", Float, nullable=False),
    Column("source", Id, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("learner_id", "skill_id", "source", "at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("sequence", Arrival, primary_key=True, autoincrement=True),
    Column("learner_id", Id, nullable=False),
    Column("metric", Id, nullable=False),
    Column("value", Float, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("learner_id", "metric", "at"),
)

# `peer_id` was last named to a learner at `at` as one who can help with a skill.
peer_offers = Table(
    "peer_offers",
    metadata,
    Column("learner_id", Id, primary_key=True),
    Column("skill_id", Id, primary_key=True),
    Column("peer_id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Index("ix_peer_offers_peer_id_at", "peer_id", "at"),
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("recommendation_id", Id, primary_key=True),
    Column("learner_id", Id, nullable=False, index=True),
    Column("served_at", Instant, nullable=False),
    Column("snapshot_version", Text),
    Column("policy_id", Id, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("context", Document, nullable=False),
    Column("answer", Document, nullable=False),
    Column("candidates", LargeBinary, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("sequence", Arrival, primary_key=True, autoincrement=True),
    Column("recommendation_id", Id, nullable=False),
    Column("module_id", Id, nullable=False),
    Column("outcome", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Column("chosen_module_id", Id),
    UniqueConstraint("recommendation_id", "module_id", "outcome", "at"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", Id, primary_key=True),
    Column("body", Json, nullable=False),
    Column("started_at", Instant),
    Column("stopped_at", Instant),
)

# One row a learner, from the first exposure on; `unit_id` is their group at that time.
enrolments = Table(
    "enrolments",
    metadata,
    Column("experiment_id", Id, primary_key=True),
    Column("learner_id", Id, primary_key=True, index=True),
    Column("unit_id", Id, nullable=False),
    Column("variant_id", Id, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

# Where groups are assigned: what a group's first learner got, and all who come later will.
group_variants = Table(
    "group_variants",
    metadata,
    Column("experiment_id", Id, primary_key=True),
    Column("unit_id", Id, primary_key=True),
    Column("variant_id", Id, nullable=False),
    Column("phase", Integer, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("recommendation_id", Id, primary_key=True),
    Column("experiment_id", Id, primary_key=True),
    Column("learner_id", Id, nullable=False, index=True),
    Column("unit_id", Id, nullable=False),
    Column("variant_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_exposures_experiment_id_at", "experiment_id", "at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Id, primary_key=True),
    Column("key_hash", Id, nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

erased_learners = Table(
    "erased_learners",
    metadata,
    Column("learner_id_hash", Id, primary_key=True),
    Column("erased_at", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Arrival, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("detail", Json, nullable=False),
)

CATALOGUE_TABLES = frozenset(
    {
        modules,
        module_skills,
        prerequisites,
        skills,
        skill_edges,
        roles,
        role_skills,
        pathways,
        rules,
        policies,
    }
)
