"""Made-up histories of any size, for benchmarks: tracks followed in order, and graded attempts.

Modules lie in tracks whose popularity falls like Zipf's law. A learner walks along a track, skips
ahead, changes tracks, picks something popular or tries the last module again. Attempts succeed by
ability, difficulty and practice. Everything follows from the seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

TRACK_LENGTH = 25
N_SKILLS_PER_TRACK = 3
ROWS_PER_CHUNK = 1_000_000
FIRST_SECOND, LAST_START = 1_600_000_000, 1_700_000_000
MEAN_GAP_SECONDS = 40_000.0
EVENTS = np.array(["scored", "answered", "completed", "started", "viewed"])
EVENT_SHARES = (0.35, 0.35, 0.15, 0.1, 0.05)
FORMATS = ("video", "article", "quiz", "lab")
SUFFIXES = ("csv", "csv.gz", "parquet")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many interactions and modules, and how many interactions a learner has on average."""

    n_rows: int
    n_modules: int = 4_000
    rows_per_learner: int = 20

    @property
    def n_learners(self) -> int:
        """How many learners."""
        return max(self.n_rows // self.rows_per_learner, 1)


@dataclass(frozen=True, kw_only=True)
class _Modules:
    track: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    track_popularity: NDArray[np.float64]
    popularity: NDArray[np.float64]


def write_histories(folder: Path, size: Size, *, seed: int = 0, suffix: str = "parquet") -> None:
    """Write a history folder.

    Parameters
    ----------
    folder
        Exists and is empty.
    size
        Of the interactions; the last learner's history is cut so that the rows are exact.
    seed
        Of every random choice.
    suffix
        One of `SUFFIXES`.
    """
    rng = np.random.default_rng(seed)
    modules = _make_modules(size.n_modules, rng)
    _write_catalogue(folder, modules, suffix, rng)
    _write(folder / f"learners.{suffix}", iter([_learners(size.n_learners, rng)]), suffix)
    _write(folder / f"interactions.{suffix}", _interactions(size, modules, rng), suffix)


def _make_modules(n_modules: int, rng: np.random.Generator) -> _Modules:
    track = np.arange(n_modules) // TRACK_LENGTH
    n_tracks = int(track[-1]) + 1
    track_popularity = 1.0 / (rng.permutation(n_tracks) + 2.0)
    popularity = track_popularity[track] / (np.arange(n_modules) % TRACK_LENGTH + 1.0)
    return _Modules(
        track=track,
        difficulty=rng.normal(-0.8, 1.0, n_modules),
        track_popularity=np.cumsum(track_popularity) / track_popularity.sum(),
        popularity=np.cumsum(popularity) / popularity.sum(),
    )


def _write_catalogue(
    folder: Path, modules: _Modules, suffix: str, rng: np.random.Generator
) -> None:
    """Write modules, a tenth of them without a level, and one or two skills of each."""
    n = len(modules.track)
    level = 1.0 / (1.0 + np.exp(-modules.difficulty + rng.normal(0.0, 0.3, n)))
    ids = _ids("m", np.arange(n))
    table = {
        "module_id": ids,
        "title": pa.array(
            f"Track {track} part {place}" for place, track in enumerate(modules.track)
        ),
        "format": pa.array(np.array(FORMATS)[rng.integers(len(FORMATS), size=n)]),
        "difficulty": pa.array(level, mask=rng.random(n) < 0.1),
        "duration_minutes": pa.array(rng.integers(5, 90, n)),
    }
    _write(folder / f"modules.{suffix}", iter([pa.table(table)]), suffix)
    first = rng.integers(N_SKILLS_PER_TRACK, size=n)
    second = rng.random(n) < 0.3
    skill = np.concatenate([first, (first[second] + 1) % N_SKILLS_PER_TRACK])
    module = np.concatenate([np.arange(n), np.flatnonzero(second)])
    tags = {
        "module_id": _ids("m", module),
        "skill_id": _ids("s", modules.track[module] * N_SKILLS_PER_TRACK + skill),
    }
    _write(folder / f"module_skills.{suffix}", iter([pa.table(tags)]), suffix)


def _learners(n_learners: int, rng: np.random.Generator) -> pa.Table:
    columns = {"role_id": ("role", 12), "department": ("department", 8), "location": ("site", 20)}
    return pa.table(
        {"learner_id": _ids("u", np.arange(n_learners))}
        | {
            name: pa.array(
                np.array([f"{word} {k}" for k in range(n)])[rng.integers(n, size=n_learners)]
            )
            for name, (word, n) in columns.items()
        }
    )


def _interactions(size: Size, modules: _Modules, rng: np.random.Generator) -> Iterator[pa.Table]:
    """Give the rows, learner by learner, each in order of time."""
    per_chunk = max(ROWS_PER_CHUNK // size.rows_per_learner, 1)
    n_left = size.n_rows
    for first in range(0, size.n_learners, per_chunk):
        n = min(per_chunk, size.n_learners - first)
        last = first + n == size.n_learners
        lengths = rng.geometric(1.0 / size.rows_per_learner, n)
        # A chunk holds its exact share of the rows, so that the whole is as long as asked for.
        share = n_left if last else n * size.rows_per_learner
        lengths = np.maximum(np.round(lengths * share / lengths.sum()).astype(np.int64), 1)
        lengths[: abs(share - lengths.sum())] += np.sign(share - lengths.sum())
        n_left -= int(lengths.sum())
        yield _walks(np.repeat(np.arange(n), lengths), lengths, first, modules, rng)


def _walks(
    learner: NDArray[np.int64],
    lengths: NDArray[np.int64],
    first: int,
    modules: _Modules,
    rng: np.random.Generator,
) -> pa.Table:
    module = _paths(lengths, modules, rng)
    n = len(learner)
    ability = rng.normal(0.0, 1.0, len(lengths))[learner]
    step = np.arange(n) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    logit = ability - modules.difficulty[module] + 0.2 * np.log1p(step)
    success = rng.random(n) < 1.0 / (1.0 + np.exp(-logit))
    event = rng.choice(len(EVENTS), size=n, p=EVENT_SHARES)
    judged = event <= 1
    level = np.clip(rng.normal(np.where(success, 0.8, 0.3), 0.1), 0.0, 1.0).round(2)
    start = rng.integers(FIRST_SECOND, LAST_START, len(lengths))[learner]
    gaps = np.cumsum(rng.exponential(MEAN_GAP_SECONDS, n))
    before = np.repeat(gaps[np.cumsum(lengths) - lengths], lengths)
    at = ((start + gaps - before) * 1e6).astype(np.int64) // 1_000_000
    return pa.table(
        {
            "learner_id": _ids("u", learner + first),
            "module_id": _ids("m", module),
            "event": pa.array(EVENTS[event]),
            "at": pa.array(at).cast(pa.timestamp("s", "UTC")),
            "score": pa.array(level, mask=event != 0),
            "success": pa.array(success, mask=~judged),
        }
    )


def _paths(
    lengths: NDArray[np.int64], modules: _Modules, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the module of every row; the t-th rows of all learners are drawn together."""
    n_modules, starts = len(modules.track), np.cumsum(lengths) - lengths
    path = np.empty(int(lengths.sum()), dtype=np.int64)
    position = _enter(len(lengths), modules, rng)
    for step in range(int(lengths.max())):
        going = np.flatnonzero(lengths > step)
        here = position[going]
        move = rng.random(len(going))
        popular = np.searchsorted(modules.popularity, rng.random(len(going)))
        along = np.minimum(here + 1 + (rng.random(len(going)) < 0.2), n_modules - 1)
        shown = np.select([move < 0.08, move < 0.2], [here, popular], default=along)
        path[starts[going] + step] = shown
        leaves = (move > 0.9) | (modules.track[along] != modules.track[here])
        aside = (move >= 0.08) & (move < 0.2)
        position[going] = np.where(aside, here, shown)
        position[going[leaves]] = _enter(int(leaves.sum()), modules, rng)
    return path


def _enter(n: int, modules: _Modules, rng: np.random.Generator) -> NDArray[np.int64]:
    track = np.searchsorted(modules.track_popularity, rng.random(n))
    place = track * TRACK_LENGTH + rng.geometric(0.4, n) - 1
    return np.minimum(place, len(modules.track) - 1)


def _ids(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    width = len(str(int(numbers.max(initial=0))))
    names = pa.array(f"{prefix}{k:0{width}}" for k in range(int(numbers.max(initial=-1)) + 1))
    return names.take(pa.array(numbers))


def _write(path: Path, tables: Iterator[pa.Table], suffix: str) -> None:
    first = next(tables)
    if suffix == "parquet":
        with pa.parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)
        return
    compression = "gzip" if suffix == "csv.gz" else None
    options = pa.csv.WriteOptions(quoting_style="needed")
    with (
        pa.output_stream(str(path), compression=compression) as stream,
        pa.csv.CSVWriter(stream, first.schema, write_options=options) as writer,
    ):
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
