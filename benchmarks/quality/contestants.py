"""Who competes, in which versions, and the settings each may choose from."""

from dataclasses import dataclass
from typing import Any

Settings = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of a contestant: run with its library's defaults, and again tuned if it has a grid.

    Attributes
    ----------
    name
        As the contestant's script knows it.
    defaults
        What must be said to get the library's own defaults for implicit feedback.
    grid
        What else to choose from on validation learners; may be empty.
    one_blas_thread
        For libraries that run threads of their own, and ask for this.
    """

    name: str
    defaults: Settings
    grid: tuple[Settings, ...] = ()
    one_blas_thread: bool = False


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A library and the script that drives it.

    Attributes
    ----------
    name, title
        For `--only`, and for the table.
    script
        In this folder.
    requirements
        What its environment is made from; empty for Waymark, which has one.
    models
        Each is run in a process of its own.
    """

    name: str
    title: str
    script: str
    requirements: tuple[str, ...]
    models: tuple[Model, ...]


ALS_GRID: tuple[Settings, ...] = (
    {"factors": 64, "regularization": 1.0, "alpha": 10.0},
    {"factors": 128, "regularization": 5.0, "alpha": 20.0},
    {"factors": 256, "regularization": 20.0, "alpha": 40.0},
)
EASE_GRID: tuple[Settings, ...] = tuple({"regularization": value} for value in (50.0, 100.0, 200.0))
KNN_GRID: tuple[Settings, ...] = tuple({"K": value} for value in (20, 100, 300))
WAYMARK = "waymark"

CONTESTANTS = (
    Contestant(
        name=WAYMARK,
        title="Waymark",
        script="with_waymark.py",
        requirements=(),
        models=(Model(name="ranking", defaults={}),),
    ),
    Contestant(
        name="implicit",
        title="implicit",
        script="with_implicit.py",
        requirements=("implicit==0.7.3", "numpy==2.4.6", "scipy==1.17.1"),
        models=(
            Model(name="als", defaults={}, grid=ALS_GRID, one_blas_thread=True),
            Model(
                name="bm25",
                defaults={},
                grid=tuple({"K": k, "B": b} for k in (20, 100, 300) for b in (0.25, 0.75)),
            ),
            Model(name="cosine", defaults={}, grid=KNN_GRID),
        ),
    ),
    Contestant(
        name="rectools",
        title="RecTools",
        script="with_rectools.py",
        requirements=("rectools==0.19.0",),
        models=(
            Model(name="item-knn", defaults={}, grid=KNN_GRID),
            Model(name="als", defaults={}, grid=ALS_GRID, one_blas_thread=True),
            Model(name="ease", defaults={}, grid=EASE_GRID),
            Model(name="popular", defaults={}),
        ),
    ),
    Contestant(
        name="lenskit",
        title="LensKit",
        script="with_lenskit.py",
        requirements=("lenskit==2025.8.1", "torch==2.13.0"),
        models=(
            Model(
                name="item-knn",
                defaults={"feedback": "implicit"},
                grid=tuple({"feedback": "implicit", "max_nbrs": k} for k in (5, 20, 100)),
            ),
            Model(
                name="als",
                defaults={},
                grid=(
                    {"embedding_size": 64, "regularization": 1.0, "weight": 10.0},
                    {"embedding_size": 64, "regularization": 20.0, "weight": 40.0},
                ),
            ),
            Model(name="ease", defaults={}, grid=EASE_GRID),
            Model(
                name="slim",
                defaults={},
                grid=(
                    {"l1_reg": 0.1, "l2_reg": 50.0},
                    {"l1_reg": 0.01, "l2_reg": 50.0, "max_nbrs": 100},
                ),
            ),
            Model(name="popular", defaults={}),
        ),
    ),
)
