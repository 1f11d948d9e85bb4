from collections import Counter
from datetime import timedelta

import numpy as np

from features.domain.checks import require_acyclic
from training.academy import Academy


def done_ids(academy: Academy) -> dict[str, set[str]]:
    truth = academy.truth
    done = truth.simulation.state.done
    names = np.array(truth.module_ids.ids)
    return {
        learner_id: set(names[done[row]].tolist())
        for row, learner_id in enumerate(truth.learner_ids)
    }


def test_ids_are_unique_and_everyone_has_a_known_role(full: Academy) -> None:
    assert len({learner.learner_id for learner in full.learners}) == 400
    roles = {role.role_id for role in full.catalogue.roles}
    assert {learner.role_id for learner in full.learners} == roles
    assert {learner.goal_role_id for learner in full.learners} - {None} <= roles
    assert all(learner.role_id != learner.goal_role_id for learner in full.learners)


def test_there_are_eight_departments_and_a_director(full: Academy) -> None:
    sizes = Counter(learner.department for learner in full.learners)
    assert sizes.pop("Executive Office") == 1
    assert len(sizes) == 8


def test_everyone_but_the_director_has_a_superior_and_chains_end_there(full: Academy) -> None:
    by_id = {learner.learner_id: learner for learner in full.learners}
    director, *others = full.learners
    assert director.manager_id is None
    require_acyclic(
        [(learner.learner_id, str(learner.manager_id)) for learner in others], "managers"
    )
    for learner in others:
        superior = by_id[str(learner.manager_id)]
        assert superior.role_id in {"team-leader", "head-of-department"}
        assert superior is director or superior.department == learner.department


def test_leaders_have_teams_of_a_size_one_can_lead(full: Academy) -> None:
    sizes = Counter(learner.manager_id for learner in full.learners if learner.manager_id)
    assert np.median(list(sizes.values())) <= 20


def test_hiring_lies_in_the_past_and_some_are_new(full: Academy) -> None:
    ages = [full.now - learner.hired_at for learner in full.learners if learner.hired_at]
    assert min(ages) > timedelta(0)
    assert sum(age < timedelta(days=10) for age in ages) >= 3
    assert 0.15 < np.mean([age < timedelta(days=546) for age in ages]) < 0.35


def test_people_differ_in_language_needs_and_attributes(full: Academy) -> None:
    learners = full.learners
    assert {"en", "de", "es", None} == {learner.language for learner in learners}
    assert 2 <= sum(bool(learner.needs) for learner in learners) <= 40
    assert any(learner.mentor for learner in learners)
    assert len({learner.attributes["contract"] for learner in learners}) == 4
    assert len({learner.attributes["age_band"] for learner in learners}) == 4


def test_some_assignments_are_done_some_overdue_and_some_due_soon(full: Academy) -> None:
    done = done_ids(full)
    is_done = [each.module_id in done[each.learner_id] for each in full.assignments]
    days = [(each.due_at - full.now).days for each in full.assignments if each.due_at]
    undone = [left for left, finished in zip(days, is_done, strict=True) if not finished]
    assert 0.5 < np.mean(is_done) < 0.95
    assert any(left < 0 for left in undone)
    assert any(0 <= left <= 14 for left in undone)
    assert len({(each.learner_id, each.module_id) for each in full.assignments}) == len(days)


def test_newcomers_owe_nothing_and_have_done_nothing(full: Academy) -> None:
    rates = full.truth.crowd.weekly_rate.sum(axis=1)
    newcomers = {
        learner.learner_id
        for learner, rate in zip(full.learners, rates, strict=True)
        if rate == 0 and learner.hired_at and learner.hired_at > full.now - timedelta(days=10)
    }
    assert len(newcomers) >= 3
    assert newcomers.isdisjoint(each.learner_id for each in full.assignments)
    assert newcomers.isdisjoint(each.learner_id for each in full.evidence)
    rows = full.truth.learner_ids.positions(newcomers)
    assert not np.isin(full.interactions.learner, rows).any()


def test_assignments_fit_language_and_needs(full: Academy) -> None:
    crowd, truth = full.truth.crowd, full.truth
    for each in full.assignments:
        row = truth.learner_ids.index_of[each.learner_id]
        assert crowd.may_take[row, truth.module_ids.index_of[each.module_id]]


def test_targets_take_the_higher_of_role_and_goal(full: Academy) -> None:
    roles = {role.role_id: role for role in full.catalogue.roles}
    row, learner = next(
        (row, each) for row, each in enumerate(full.learners) if each.goal_role_id is not None
    )
    for role_id in (str(learner.role_id), str(learner.goal_role_id)):
        for each in roles[role_id].requirements:
            skill = full.truth.skill_ids.index_of[each.skill_id]
            assert full.truth.crowd.target[row, skill] >= each.target
