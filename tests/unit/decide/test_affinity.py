"""Affinity carried over to catalogues the snapshot does not know."""

import numpy as np
import pytest

from features.domain.catalogue import Catalogue, Module, ModuleSkill
from features.encode.catalogue import index_catalogue
from features.encode.ids import IdMap
from features.encode.log import ArrivedEvents, build_log
from features.score.affinity import bind_affinity
from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel


def bound_to(popularity, modules):
    """Bind a snapshot of modules a, b, c … ranked by popularity to a catalogue of `modules`."""
    n = len(popularity)
    arrays = to_arrays(RankingModel(popularity=np.array(popularity, dtype=float))) | {
        "module_ids": np.array(list("abcdefgh"[:n])),
        "role_ids": np.array(["analyst"]),
        "met_by_role": np.zeros((1, n)),
    }
    return bind_affinity(arrays, index_catalogue(Catalogue(modules=tuple(modules))))


def module(module_id, *skills):
    tags = tuple(ModuleSkill(skill_id=skill) for skill in skills)
    return Module(module_id=module_id, title=module_id, skills=tags)


def history_of(*rows, n_modules):
    n = len(rows)
    return build_log(
        ArrivedEvents(
            learner=np.zeros(n, dtype=np.int32),
            module=np.array(rows, dtype=np.int32),
            event=np.zeros(n, dtype=np.int8),
            at_seconds=np.arange(n, dtype=np.float64),
            score=np.full(n, np.nan),
            reported_success=np.full(n, -1, dtype=np.int8),
            duration_seconds=np.full(n, np.nan),
        ),
        learner_ids=IdMap(["u"]),
        module_ids=IdMap(map(str, range(n_modules))),
        pass_marks=np.full(n_modules, 0.5),
    )


def test_a_new_module_in_a_catalogue_without_skills_has_no_affinity_and_breaks_nothing():
    bound = bound_to([3, 1], [module(name) for name in ("a", "b", "new")])
    assert bound.popularity.tolist() == [1.0, 0.0, 0.0]
    assert bound.is_new.tolist() == [False, False, True]


def test_a_new_module_stands_where_the_one_like_it_stands():
    modules = [module("a", "x"), module("b", "y"), module("c", "x", "z"), module("new", "y")]
    bound = bound_to([5, 3, 1], modules)
    assert bound.popularity.tolist() == [1.0, 0.5, 0.0, 0.5]
    assert bound.popularity_by_role["analyst"].tolist() == [1.0, 0.5, 0.0, 0.5]


def test_a_neighbour_far_in_front_counts_for_more_than_one_far_behind():
    modules = [module(name, skill) for name, skill in zip("abcde", "yxxxy", strict=True)]
    bound = bound_to([9, 7, 5, 3, 1], [*modules, module("new", "y")])
    # Ranks 1 and 5 of 5: half of 1 + 1/5 is the reciprocal of 5/3.
    assert bound.popularity[-1] == pytest.approx(1.0 - (5 / 3 - 1.0) / 4)


def test_what_is_like_the_module_just_met_comes_to_the_front():
    modules = [module("a", "x"), module("b", "x"), module("c", "x"), module("d", "y")]
    bound = bound_to([9, 5, 3, 1], [*modules, module("new", "y")])
    assert bound.popularity[-1] == 0.0

    def percentile(reciprocal_rank):
        return 1.0 - (1.0 / reciprocal_rank - 1.0) / 4

    (last,), _ = bound.affinity(history_of(3, n_modules=5), [None], np.array([9.0]))
    # As a neighbour, the module met last has the rank 2 of 4, which is 7/3 of 5; by popularity the
    # new module is the last of 5. A history of one weighs four fifths.
    assert last[-1] == pytest.approx(percentile(0.8 * 3 / 7 + 0.2 / 5))
    (earlier,), _ = bound.affinity(history_of(3, 0, n_modules=5), [None], np.array([9.0]))
    assert earlier[-1] == pytest.approx(percentile(8 / 9 * 3 / 11 + 1 / 9 / 5))


def test_a_module_of_the_snapshot_that_nobody_had_met_is_new():
    bound = bound_to([4, 2, 0], [module("a", "x"), module("b", "y"), module("c", "x")])
    assert bound.is_new.tolist() == [False, False, True]
    assert bound.popularity.tolist() == [1.0, 0.5, 1.0]


def test_the_models_own_opinion_of_what_nobody_had_met_can_be_kept():
    modules = [module("a", "x"), module("b", "y"), module("c", "x"), module("new", "x")]
    bound = bound_to([4, 2, 0], modules).placing_newer_only()
    assert bound.is_new.tolist() == [False, False, False, True]
    scores = np.array([[0.3, 0.2, 0.1]])
    assert bound.spread_to_catalogue(scores).tolist() == [[1.0, 0.5, 0.0, 1.0]]


def test_a_snapshot_of_which_the_catalogue_has_nothing_left_breaks_nothing():
    bound = bound_to([4, 2], [module("new", "x"), module("newer", "x")])
    assert bound.is_new.all()
    assert bound.popularity.tolist() == [0.0, 0.0]
