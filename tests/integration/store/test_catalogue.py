from dataclasses import replace
from datetime import UTC, datetime

import pytest

from features.domain.catalogue import (
    Module,
    ModuleSkill,
    Pathway,
    PathwayStep,
    Policy,
    Prerequisite,
    Role,
    RoleRequirement,
    Rule,
    Skill,
    SkillEdge,
)
from features.domain.errors import ConflictError, CycleError, InvalidValueError, NotFoundError
from features.store.tables import prerequisites

AT = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)

MODULE = Module(
    module_id="m1",
    title="SQL basics",
    description="Select, join, group.",
    format="video",
    kind="lesson",
    duration_minutes=12.5,
    difficulty=0.1 + 0.2,
    pass_mark=0.6,
    language="en",
    mandatory=True,
    accessibility=frozenset({"captions", "transcript"}),
    version="3",
    updated_at=AT,
    active_from=AT,
    active_until=None,
    url="https://academy.example/m1",
    skills=(ModuleSkill(skill_id="joins", weight=0.5), ModuleSkill(skill_id="sql")),
    prerequisites=(
        Prerequisite(requires_skill_id="tables", min_mastery=0.4, strength=0.5),
        Prerequisite(requires_module_id="m0"),
    ),
)
SKILL = Skill(skill_id="sql", name="SQL", parent_id="data")
EDGE = SkillEdge(skill_id="sql", precedes_skill_id="joins", strength=0.8)
ROLE = Role(
    role_id="analyst",
    name="Analyst",
    requirements=(RoleRequirement(skill_id="sql", target=0.7, weight=2.0),),
)
PATHWAY = Pathway(
    pathway_id="p1", title="To analyst", steps=(PathwayStep(step_id="a", any_of=("m1",)),)
)
RULE = Rule(rule_id="r1", when="learner.department == 'data'", boost=("m1",))
POLICY = Policy(policy_id="default", version="1", exploration=0.0)


def requires(module_id, *module_ids, strength=1.0):
    needed = tuple(Prerequisite(requires_module_id=one, strength=strength) for one in module_ids)
    return Module(module_id=module_id, title=module_id, prerequisites=needed)


def put_everything(catalogue):
    catalogue.put_module(MODULE)
    catalogue.put_skill(SKILL)
    catalogue.put_skill_edges("sql", [EDGE])
    catalogue.put_role(ROLE)
    catalogue.put_pathway(PATHWAY)
    catalogue.put_rule(RULE)
    catalogue.put_policy(POLICY)


def test_a_new_catalogue_is_empty_at_revision_0(workspace):
    with workspace.reading() as repositories:
        catalogue = repositories.catalogue.load()
    assert (catalogue.revision, catalogue.modules, catalogue.policies) == (0, (), ())


def test_everything_put_is_loaded_as_it_was(workspace):
    with workspace.transaction() as repositories:
        put_everything(repositories.catalogue)
    with workspace.reading() as repositories:
        catalogue = repositories.catalogue.load()
    assert catalogue.modules == (MODULE,)
    assert catalogue.skills == (SKILL,)
    assert catalogue.skill_edges == (EDGE,)
    assert catalogue.roles == (ROLE,)
    assert catalogue.pathways == (PATHWAY,)
    assert catalogue.rules == (RULE,)
    assert catalogue.policies == (POLICY,)
    assert catalogue.revision == 1


def test_each_thing_is_found_by_its_id(workspace):
    with workspace.transaction() as repositories:
        put_everything(repositories.catalogue)
    with workspace.reading() as repositories:
        catalogue = repositories.catalogue
        assert catalogue.get_module("m1") == MODULE
        assert catalogue.get_skill("sql") == SKILL
        assert catalogue.get_skill_edges("sql") == (EDGE,)
        assert catalogue.get_role("analyst") == ROLE
        assert catalogue.get_pathway("p1") == PATHWAY
        assert catalogue.get_rule("r1") == RULE
        assert catalogue.get_policy("default") == POLICY


@pytest.mark.parametrize("kind", ["module", "skill", "role", "pathway", "rule", "policy"])
def test_what_does_not_exist_is_named(workspace, kind):
    with (
        workspace.reading() as repositories,
        pytest.raises(NotFoundError, match=f"no {kind} 'nowhere'"),
    ):
        getattr(repositories.catalogue, f"get_{kind}")("nowhere")


@pytest.mark.parametrize("kind", ["modules", "skills", "roles", "pathways", "rules", "policies"])
def test_lists_are_paged_in_order_of_ids(workspace, kind):
    ids = ["B", "a", "b", "ä", "10", "9"]
    in_order = ["10", "9", "B", "a", "b", "ä"]
    with workspace.transaction() as repositories:
        for one in ids:
            repositories.catalogue.put_module(Module(module_id=one, title=one))
            repositories.catalogue.put_skill(Skill(skill_id=one, name=one))
            repositories.catalogue.put_role(Role(role_id=one, name=one))
            repositories.catalogue.put_pathway(Pathway(pathway_id=one, title=one))
            repositories.catalogue.put_rule(Rule(rule_id=one, when="true"))
            repositories.catalogue.put_policy(Policy(policy_id=one))
    field = {"policies": "policy_id"}.get(kind, f"{kind[:-1]}_id")
    with workspace.reading() as repositories:
        page = getattr(repositories.catalogue, f"list_{kind}")
        first = [getattr(one, field) for one in page(None, 4)]
        second = [getattr(one, field) for one in page(first[-1], 4)]
        assert first + second == in_order
        assert page(in_order[-1], 4) == ()


def test_modules_of_a_page_come_with_their_parts(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(MODULE)
        repositories.catalogue.put_module(Module(module_id="m0", title="Tables"))
    with workspace.reading() as repositories:
        assert repositories.catalogue.list_modules("m0", 10) == (MODULE,)


def test_a_put_replaces_the_thing_with_all_its_parts(workspace):
    newer = replace(MODULE, title="SQL", skills=(ModuleSkill(skill_id="sql"),), prerequisites=())
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(MODULE)
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(newer)
    with workspace.reading() as repositories:
        assert repositories.catalogue.load().modules == (newer,)


def test_the_revision_rises_once_in_a_transaction_that_changes_something(workspace):
    for number in range(1, 4):
        with workspace.transaction() as repositories:
            repositories.catalogue.put_module(Module(module_id=f"m{number}", title="One"))
            repositories.catalogue.put_skill(Skill(skill_id=f"s{number}", name="One"))
            assert repositories.catalogue.revision() == number


def test_putting_what_is_stored_already_changes_nothing(workspace):
    for _ in range(2):
        with workspace.transaction() as repositories:
            put_everything(repositories.catalogue)
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.put_module(replace(MODULE, title="Other")),
        lambda c: c.put_module(replace(MODULE, skills=MODULE.skills[:1])),
        lambda c: c.put_module(replace(MODULE, prerequisites=MODULE.prerequisites[:1])),
        lambda c: c.put_skill(replace(SKILL, name="Other")),
        lambda c: c.put_skill_edges("sql", []),
        lambda c: c.put_role(replace(ROLE, requirements=())),
        lambda c: c.put_pathway(replace(PATHWAY, steps=())),
        lambda c: c.put_rule(replace(RULE, active=False)),
        lambda c: c.put_policy(replace(POLICY, version="2")),
        lambda c: c.add_bare_modules(["m9"]),
    ],
)
def test_every_change_raises_the_revision(workspace, change):
    with workspace.transaction() as repositories:
        put_everything(repositories.catalogue)
    with workspace.transaction() as repositories:
        change(repositories.catalogue)
        assert repositories.catalogue.revision() == 2


def test_bare_modules_have_their_id_as_title_and_never_replace_described_ones(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(MODULE)
        assert repositories.catalogue.add_bare_modules(["m2", "m1", "m2"]) == 1
        assert repositories.catalogue.add_bare_modules(["m2", "m1"]) == 0
    with workspace.reading() as repositories:
        assert repositories.catalogue.load().modules == (
            MODULE,
            Module(module_id="m2", title="m2"),
        )


def test_hard_prerequisites_that_loop_are_refused_with_the_loop_and_nothing_is_stored(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1", "m2"))
        repositories.catalogue.put_module(requires("m2", "m3"))

    def close_the_loop():
        with workspace.transaction() as repositories:
            repositories.catalogue.put_skill(SKILL)
            repositories.catalogue.put_module(requires("m3", "m1"))

    with pytest.raises(CycleError, match="m3 → m1 → m2 → m3"):
        close_the_loop()
    with workspace.reading() as repositories:
        catalogue = repositories.catalogue.load()
    assert [m.module_id for m in catalogue.modules] == ["m1", "m2"]
    assert catalogue.skills == ()
    assert catalogue.revision == 1


def test_a_refused_loop_does_not_spoil_the_rest_of_its_transaction(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1", "m2"))
        with pytest.raises(CycleError):
            repositories.catalogue.put_module(requires("m2", "m1"))
        repositories.catalogue.put_module(requires("m2", "m3"))
    with workspace.reading() as repositories:
        assert repositories.catalogue.get_module("m2") == requires("m2", "m3")


def test_a_module_that_requires_itself_is_refused(workspace):
    with pytest.raises(CycleError, match="m1 → m1"), workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1", "m1"))


def test_soft_prerequisites_may_loop(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1", "m2", strength=0.9))
        repositories.catalogue.put_module(requires("m2", "m1", strength=0.9))
        repositories.catalogue.require_acyclic()


def test_turning_a_requirement_round_is_no_loop(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1", "m2"))
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(requires("m1"))
        repositories.catalogue.put_module(requires("m2", "m1"))
        repositories.catalogue.require_acyclic()


def test_skill_edges_that_loop_are_refused(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_skill_edges(
            "a", [SkillEdge(skill_id="a", precedes_skill_id="b")]
        )
        with pytest.raises(CycleError, match="b → a → b"):
            repositories.catalogue.put_skill_edges(
                "b", [SkillEdge(skill_id="b", precedes_skill_id="a")]
            )


def test_skill_parents_that_loop_are_refused(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_skill(Skill(skill_id="a", name="A", parent_id="b"))
        with pytest.raises(CycleError, match="b → a → b"):
            repositories.catalogue.put_skill(Skill(skill_id="b", name="B", parent_id="a"))


def test_loops_written_in_bulk_are_found(workspace):
    columns = ["module_id", "requires_module_id"]

    def write_a_loop():
        with workspace.transaction() as repositories:
            repositories.bulk.upsert(prerequisites, columns, [("m1", "m2"), ("m2", "m1")])
            repositories.catalogue.require_acyclic()

    with pytest.raises(CycleError, match="m1 → m2 → m1"):
        write_a_loop()
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == 0


def test_an_edge_of_another_skill_is_refused(workspace):
    with workspace.transaction() as repositories, pytest.raises(InvalidValueError, match="of b"):
        repositories.catalogue.put_skill_edges(
            "a", [SkillEdge(skill_id="b", precedes_skill_id="c")]
        )


def test_a_module_that_names_a_skill_twice_is_refused(workspace):
    twice = replace(MODULE, skills=(ModuleSkill(skill_id="sql"), ModuleSkill(skill_id="sql")))
    with (
        pytest.raises(InvalidValueError, match="module m1 names sql twice"),
        workspace.transaction() as repositories,
    ):
        repositories.catalogue.put_module(twice)
    with workspace.reading() as repositories:
        assert repositories.catalogue.load().modules == ()


def test_every_version_of_a_policy_is_kept_and_the_last_put_is_current(workspace):
    second = replace(POLICY, version="2", exploration=0.1)
    with workspace.transaction() as repositories:
        repositories.catalogue.put_policy(POLICY)
        repositories.catalogue.put_policy(second)
        assert repositories.catalogue.get_policy("default") == second
        assert repositories.catalogue.get_policy("default", "1") == POLICY
        assert repositories.catalogue.load().policies == (second,)
        repositories.catalogue.put_policy(POLICY)
        assert repositories.catalogue.get_policy("default") == POLICY
        assert repositories.catalogue.get_policy("default", "2") == second
        assert repositories.catalogue.list_policies(after=None, limit=10) == (POLICY,)


def test_a_version_of_a_policy_with_other_content_is_refused(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_policy(POLICY)
        with pytest.raises(ConflictError, match=r"default version 1.*raise the version"):
            repositories.catalogue.put_policy(replace(POLICY, exploration=0.5))
        assert repositories.catalogue.get_policy("default") == POLICY


def test_a_version_nobody_put_is_named(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_policy(POLICY)
        with pytest.raises(NotFoundError, match="no policy 'default' in version '9'"):
            repositories.catalogue.get_policy("default", "9")
