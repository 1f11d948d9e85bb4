import re
from collections import Counter
from dataclasses import fields

import pytest

from features.domain.catalogue import Module
from features.domain.checks import require_acyclic
from features.domain.history import Learner
from training.academy import Academy
from training.academy.pathways import PATHWAYS, RULES
from training.academy.texts import read_texts

MINUTES = {
    "video": (3, 20),
    "article": (3, 20),
    "podcast": (10, 60),
    "quiz": (5, 30),
    "simulation": (15, 60),
    "course": (30, 240),
    "workshop": (60, 240),
    "question": (3, 3),
}


@pytest.fixture(params=["small", "full"])
def academy(request: pytest.FixtureRequest) -> Academy:
    chosen: Academy = request.getfixturevalue(request.param)
    return chosen


def content(academy: Academy) -> list[Module]:
    return [module for module in academy.catalogue.modules if module.kind != "question"]


def test_the_full_offer_has_about_three_hundred_modules_and_sixty_skills(full: Academy) -> None:
    assert 290 <= len(content(full)) <= 320
    assert 55 <= len(full.truth.skill_ids) <= 70
    assert 18 <= len(full.catalogue.roles) <= 24
    assert 6 <= len(full.pathways) <= 8
    assert len(full.rules) >= 3


def test_ids_and_titles_are_unique(academy: Academy) -> None:
    modules = academy.catalogue.modules
    for names in (
        [module.module_id for module in modules],
        [module.title.casefold() for module in modules],
        [skill.skill_id for skill in academy.catalogue.skills],
        [role.role_id for role in academy.catalogue.roles],
    ):
        assert [name for name, n in Counter(names).items() if n > 1] == []


def test_texts_are_whole_sentences_without_placeholders(academy: Academy) -> None:
    placeholder = re.compile(r"[{}]|\b(lorem|todo|tbd|xxx|placeholder)\b|module \d", re.IGNORECASE)
    for module in academy.catalogue.modules:
        text = f"{module.title} {module.description}"
        assert not placeholder.search(text), text
        assert "  " not in text
        assert module.title[0].isupper() or module.title[0] in "¿0123456789"
        assert (module.description or "").endswith((".", "?"))
        assert 8 <= len(module.title) <= 130


def test_every_area_has_skills_and_every_skill_modules_and_questions(academy: Academy) -> None:
    skills = academy.catalogue.skills
    areas = {skill.skill_id for skill in skills if skill.parent_id is None}
    assert {skill.parent_id for skill in skills if skill.parent_id} == areas
    for kinds in ({"content", "assessment"}, {"question"}):
        taught = {
            each.skill_id
            for module in academy.catalogue.modules
            if module.kind in kinds
            for each in module.skills
        }
        assert taught == set(academy.truth.skill_ids)


def test_values_lie_in_their_ranges(academy: Academy) -> None:
    for module in academy.catalogue.modules:
        assert module.difficulty is None or 0.0 <= module.difficulty <= 1.0
        assert 0.0 < module.pass_mark < 1.0
        shortest, longest = MINUTES[str(module.format)]
        assert shortest <= (module.duration_minutes or 0.0) <= longest, module
        assert all(0.0 < each.weight <= 1.0 for each in module.skills)
        assert all(0.0 < each.strength <= 1.0 for each in module.prerequisites)
    for role in academy.catalogue.roles:
        assert role.requirements, role
        assert all(0.0 < each.target < 1.0 and each.weight > 0 for each in role.requirements)


def test_most_but_not_all_difficulties_are_authored(full: Academy) -> None:
    stated = [module.difficulty is not None for module in content(full)]
    assert 0.8 < sum(stated) / len(stated) < 1.0


def test_references_resolve(academy: Academy) -> None:
    catalogue = academy.catalogue
    modules = {module.module_id for module in catalogue.modules}
    skills = {skill.skill_id for skill in catalogue.skills}
    named_modules = {
        *(p.requires_module_id for m in catalogue.modules for p in m.prerequisites),
        *(m for pathway in catalogue.pathways for step in pathway.steps for m in step.any_of),
        *(m for r in catalogue.rules for m in (*r.assign, *r.require, *r.exclude, *r.boost)),
        *(each.module_id for each in academy.assignments),
    }
    named_skills = {
        *(p.requires_skill_id for m in catalogue.modules for p in m.prerequisites),
        *(each.skill_id for module in catalogue.modules for each in module.skills),
        *(each.skill_id for role in catalogue.roles for each in role.requirements),
        *(name for e in catalogue.skill_edges for name in (e.skill_id, e.precedes_skill_id)),
        *(each.skill_id for each in academy.evidence),
    }
    assert named_modules - {None} <= modules
    assert named_skills - {None} <= skills


def test_prerequisites_and_skill_edges_do_not_loop(academy: Academy) -> None:
    catalogue = academy.catalogue
    require_acyclic(
        [
            (str(each.requires_module_id), module.module_id)
            for module in catalogue.modules
            for each in module.prerequisites
            if each.requires_module_id
        ],
        "prerequisites",
    )
    require_acyclic(
        [(edge.skill_id, edge.precedes_skill_id) for edge in catalogue.skill_edges], "skill edges"
    )


def test_hard_prerequisites_can_all_be_met(full: Academy) -> None:
    """Unlock what can be unlocked, again and again; a skill reaches what its modules teach."""
    reachable = dict.fromkeys(full.truth.skill_ids, 0.0)
    difficulty = dict(zip(full.truth.module_ids, full.truth.difficulty, strict=True))
    locked, unlocked = set(content(full)), set[str]()
    while True:
        freed = {
            module
            for module in locked
            if all(
                each.requires_module_id in unlocked
                if each.requires_module_id
                else reachable[str(each.requires_skill_id)] >= (each.min_mastery or 0.0)
                for each in module.prerequisites
                if each.is_hard
            )
        }
        if not freed:
            break
        locked -= freed
        unlocked |= {module.module_id for module in freed}
        for module in freed:
            skill_id = module.skills[0].skill_id
            reachable[skill_id] = max(reachable[skill_id], difficulty[module.module_id])
    assert {module.module_id for module in locked} == set()


def test_hard_and_soft_and_skill_prerequisites_all_occur(full: Academy) -> None:
    links = [each for module in full.catalogue.modules for each in module.prerequisites]
    assert sum(each.is_hard and each.requires_module_id is not None for each in links) >= 20
    assert sum(each.requires_skill_id is not None for each in links) >= 5
    assert sum(not each.is_hard for each in links) >= 100


def test_active_modules_teach_every_skill_a_role_asks_for(academy: Academy) -> None:
    taught = {
        module.skills[0].skill_id
        for module in content(academy)
        if (module.active_until is None or module.active_until > academy.now)
        and (module.active_from is None or module.active_from <= academy.now)
    }
    asked = {each.skill_id for role in academy.catalogue.roles for each in role.requirements}
    assert asked <= taught


def test_some_modules_are_retired_and_some_upcoming(full: Academy) -> None:
    modules = full.catalogue.modules
    assert sum(m.active_until is not None and m.active_until < full.now for m in modules) == 5
    assert sum(m.active_from is not None and m.active_from > full.now for m in modules) == 4
    assert all(m.updated_at is not None and m.updated_at < full.now for m in modules)


def test_pathways_hang_together(academy: Academy) -> None:
    roles = {role.role_id for role in academy.catalogue.roles}
    assert academy.pathways
    for pathway in academy.pathways:
        steps = [step.step_id for step in pathway.steps]
        assert len(steps) == len(set(steps))
        assert {entry.step_id for entry in pathway.entry_points} <= set(steps)
        assert all(set(step.requires) <= set(steps) and step.any_of for step in pathway.steps)
        require_acyclic([(n, s.step_id) for s in pathway.steps for n in s.requires], "steps")
        assert pathway.goal.get("role_id", next(iter(roles))) in roles


def test_pathways_show_every_feature() -> None:
    steps = [step for pathway in PATHWAYS for step in pathway.steps]
    assert any(len(step.any_of) > 1 for step in steps)
    assert any(step.optional for step in steps)
    assert any(step.milestone for step in steps)
    assert any(entry.when for pathway in PATHWAYS for entry in pathway.entry_points)
    assert {key for p in PATHWAYS for key in p.goal} == {"role_id", "skill_ids", "certificate"}


def test_conditions_speak_of_attributes_that_learners_have(full: Academy) -> None:
    known = {field.name for field in fields(Learner)} | set(full.learners[0].attributes)
    conditions = [rule.when for rule in RULES]
    conditions += [entry.when for p in PATHWAYS for entry in p.entry_points if entry.when]
    for condition in conditions:
        named = re.findall(r"learner\.(\w+)", condition)
        assert named, condition
        assert set(named) <= known


def test_translations_are_complete(full: Academy) -> None:
    texts = [text for text in read_texts().modules if text.language != "en"]
    languages = {module.module_id: module.language for module in full.catalogue.modules}
    assert Counter(text.language for text in texts).keys() == {"de", "es"}
    for text in texts:
        assert text.description
        assert languages[text.module_id] == text.language
        assert languages[text.origin_id] == "en"


def test_a_translation_asks_for_the_translation_of_what_its_original_asks_for(
    full: Academy,
) -> None:
    german = next(m for m in full.catalogue.modules if m.module_id == "manual-handling-2-de")
    hard = [each.requires_module_id for each in german.prerequisites if each.is_hard]
    assert hard == ["workplace-safety-1-de"]


def test_compulsory_modules_are_on_offer_in_every_language(full: Academy) -> None:
    compulsory = [module for module in content(full) if module.mandatory]
    assert {module.language for module in compulsory} == {"en", "de", "es"}
    assert all(module.active_until is None for module in compulsory)
