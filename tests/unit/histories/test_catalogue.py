from datetime import UTC, datetime

from features.domain.catalogue import (
    Catalogue,
    Module,
    ModuleSkill,
    Policy,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
    SkillEdge,
)
from training.histories.catalogue import build_catalogue, canonical


def test_a_described_module_has_what_the_files_say_in_order_of_ids(described):
    tables = described(
        modules={
            "module_id": ["m2", "m1"],
            "title": ["Pivot tables", None],
            "mandatory": [True, None],
            "accessibility": ["transcript; captions", None],
            "updated_at": [1_772_355_600_000_000, None],
        },
        module_skills={"module_id": ["m2", "m2"], "skill_id": ["sql", "excel"]},
        prerequisites={
            "module_id": ["m2", "m2"],
            "requires_module_id": ["m1", None],
            "requires_skill_id": [None, "excel"],
            "min_mastery": [None, 0.4],
            "strength": [None, 0.5],
        },
    )
    assert build_catalogue(tables).modules == (
        Module(module_id="m1", title="m1"),
        Module(
            module_id="m2",
            title="Pivot tables",
            mandatory=True,
            accessibility=frozenset({"captions", "transcript"}),
            updated_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
            skills=(ModuleSkill(skill_id="excel"), ModuleSkill(skill_id="sql")),
            prerequisites=(
                Prerequisite(requires_skill_id="excel", min_mastery=0.4, strength=0.5),
                Prerequisite(requires_module_id="m1", strength=1.0),
            ),
        ),
    )


def test_what_is_only_named_exists_under_its_id(described):
    tables = described(
        prerequisites={
            "module_id": ["m1", "m1"],
            "requires_module_id": ["m0", None],
            "requires_skill_id": [None, "s1"],
        },
        skills={"skill_id": ["s2"], "parent_id": ["s0"]},
        skill_edges={"skill_id": ["s3"], "precedes_skill_id": ["s4"]},
        role_skills={"role_id": ["analyst"], "skill_id": ["s5"], "weight": [2.0]},
        evidence={"skill_id": ["s6"]},
        assignments={"module_id": ["m2"]},
    )
    catalogue = build_catalogue(tables, ["m3"])
    assert [(m.module_id, m.title) for m in catalogue.modules] == [
        (name, name) for name in ("m0", "m1", "m2", "m3")
    ]
    assert [(s.skill_id, s.name) for s in catalogue.skills] == [
        (name, name) for name in ("s0", "s1", "s2", "s3", "s4", "s5", "s6")
    ]
    assert catalogue.skill_edges == (SkillEdge(skill_id="s3", precedes_skill_id="s4"),)
    assert catalogue.roles == (
        Role(
            role_id="analyst",
            name="analyst",
            requirements=(RoleRequirement(skill_id="s5", target=0.5, weight=2.0),),
        ),
    )


def test_canonical_sorts_completes_and_leaves_out_what_no_model_learns_from():
    edges = (
        SkillEdge(skill_id="b", precedes_skill_id="c"),
        SkillEdge(skill_id="a", precedes_skill_id="b"),
    )
    needs = (
        RoleRequirement(skill_id="b", target=0.5),
        RoleRequirement(skill_id="a", target=0.5),
    )
    catalogue = canonical(
        Catalogue(
            revision=7,
            modules=(Module(module_id="m2", title="Two"), Module(module_id="m1", title="One")),
            skills=(Skill(skill_id="b", name="B"), Skill(skill_id="a", name="A")),
            skill_edges=edges,
            roles=(Role(role_id="r", name="R", requirements=needs),),
            policies=(Policy(),),
        ),
        module_ids=["m1", "m0"],
        skill_ids=["c", "a"],
    )
    assert catalogue == Catalogue(
        modules=(
            Module(module_id="m0", title="m0"),
            Module(module_id="m1", title="One"),
            Module(module_id="m2", title="Two"),
        ),
        skills=(
            Skill(skill_id="a", name="A"),
            Skill(skill_id="b", name="B"),
            Skill(skill_id="c", name="c"),
        ),
        skill_edges=edges[::-1],
        roles=(Role(role_id="r", name="R", requirements=needs[::-1]),),
    )
