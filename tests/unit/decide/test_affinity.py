"""Affinity carried over to catalogues the snapshot does not know."""

import numpy as np

from features.domain.catalogue import Catalogue, Module
from features.encode.catalogue import index_catalogue
from features.score.affinity import bind_affinity
from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel


def test_a_new_module_in_a_catalogue_without_skills_has_no_affinity_and_breaks_nothing():
    arrays = to_arrays(RankingModel(popularity=np.array([3.0, 1.0]))) | {
        "module_ids": np.array(["a", "b"]),
        "role_ids": np.zeros(0, dtype=np.str_),
        "met_by_role": np.zeros((0, 2)),
    }
    modules = tuple(Module(module_id=m, title=m) for m in ("a", "b", "new"))
    bound = bind_affinity(arrays, index_catalogue(Catalogue(modules=modules)).skills)
    assert bound.popularity.tolist() == [1.0, 0.0, 0.0]
    assert bound.is_new.tolist() == [False, False, True]
