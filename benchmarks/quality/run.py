"""Waymark beside LensKit, RecTools and plain implicit, in one run and one Markdown table.

Run `.venv/bin/python benchmarks/quality/run.py --from path/to/histories`. README.md beside this
file says how the contest is held, and holds the last table measured.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from contestants import CONTESTANTS, WAYMARK, Contestant, Model, Settings
from exchange import Lists
from judging import Contest, UnfairListsError, judge, prepare
from table import Result, write_table

from features.domain.errors import WaymarkError
from training.evaluation.protocols import Protocol

HERE = Path(__file__).parent
LONGEST_REASON = 160


class FailedError(Exception):
    """A contestant did not finish, and why."""


@dataclass(frozen=True, kw_only=True)
class Arena:
    """Where contestants run: the folder they share, their time limit, and in which Python.

    `pythons` names another Python, as uv understands it, by contestant.
    """

    folder: Path
    seconds: float
    pythons: Mapping[str, str]
    isolated: bool

    def run(self, contestant: Contestant, model: Model, *arguments: str) -> dict[str, Any]:
        """Run a contestant's script in a process of its own and return what it reports.

        Raises
        ------
        FailedError
            If it cannot be installed or started, takes too long or ends with an error.
        """
        words = [str(HERE / contestant.script), str(self.folder), model.name, *arguments]
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        self._wait_for([*self._python_for(contestant), *words], _environment(model))
        return json.loads(report.read_text())

    def _python_for(self, contestant: Contestant) -> list[str]:
        if not self.isolated or not contestant.requirements:
            return [sys.executable]
        uv = shutil.which("uv") or shutil.which("uv", path=HERE.parents[1] / ".uv" / "bin")
        if uv is None:
            raise FailedError("uv is not installed; `make setup` puts it into .uv")
        python = self.pythons.get(contestant.name, str(Path(sys.executable).resolve()))
        words = [uv, "run", "--quiet", "--isolated", "--no-project", "--no-python-downloads"]
        with_each = [word for name in contestant.requirements for word in ("--with", name)]
        return [*words, "--python", python, *with_each, "python"]

    def _wait_for(self, command: list[str], environment: dict[str, str]) -> None:
        log = self.folder / "log.txt"
        with log.open("w") as file:
            # A session of its own, so that what uv started can be ended together with uv.
            process = subprocess.Popen(
                command, stdout=file, stderr=file, env=environment, start_new_session=True
            )
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                raise FailedError(f"took more than {self.seconds:.0f} s") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if code:
            print(log.read_text(), file=sys.stderr)
            raise FailedError(_reason_in(log.read_text(), code))


def _environment(model: Model) -> dict[str, str]:
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return {**os.environ, **(one_thread if model.one_blas_thread else {})}


def _reason_in(log: str, code: int) -> str:
    """Return the last line that says something, fit for a cell of a table."""
    lines = [" ".join(line.split()).replace("|", "/") for line in log.splitlines()]
    return next((line for line in reversed(lines) if line), f"exit {code}")[:LONGEST_REASON]


def compete(contestant: Contestant, contest: Contest, arena: Arena) -> Iterator[Result]:
    """Run each model of a contestant with its defaults and, where it has a grid, tuned."""
    for model in contestant.models:
        for grid in ((), model.grid) if model.grid else ((),):
            title = f"{contestant.title} · {model.name}"
            print(f"{title}, {'tuned' if grid else 'defaults'} …", file=sys.stderr, flush=True)
            try:
                settings, tuning_seconds = model.defaults, None
                if grid:
                    among = json.dumps([model.defaults, *grid])
                    tuned = arena.run(contestant, model, "--grid", among)
                    settings, tuning_seconds = tuned["settings"], tuned["seconds"]
                report = arena.run(contestant, model, "--settings", json.dumps(settings))
                how = f"tuned: {_in_words(settings)}" if grid else "defaults"
                yield from _results(
                    title, how, report | {"tuning_seconds": tuning_seconds}, contest, arena
                )
            except (FailedError, UnfairListsError) as error:
                how = "tuned" if grid else "defaults"
                yield Result(title=title, settings=how, reason=str(error))


def _results(
    title: str, how: str, report: dict[str, Any], contest: Contest, arena: Arena
) -> Iterator[Result]:
    """Judge the lists of every model that one run fitted; what fitting took is told once."""
    for place, fitted in enumerate(report["models"]):
        with np.load(arena.folder / f"lists{place}.npz", allow_pickle=False) as file:
            lists = Lists(**file)
        own = fitted["name"]
        yield Result(
            title=f"{title.split(' · ', maxsplit=1)[0]} · {own}" if own else title,
            settings=how,
            ranked=judge(lists, contest),
            fit_seconds=None if place else report["fit_seconds"],
            fit_cpu_seconds=None if place else report["fit_cpu_seconds"],
            tuning_seconds=report["tuning_seconds"],
            rank_cpu_seconds=fitted["rank_cpu_seconds"],
            peak_mib=report["peak_mib"],
            versions=report["versions"],
        )


def _in_words(settings: Settings) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "defaults"


def main() -> int:
    """Hold the contest; 1 if the folder is refused or Waymark itself did not finish."""
    chosen = _arguments()
    try:
        contest = prepare(
            chosen.folder, chosen.protocol, chosen.learners, chosen.seed, datetime.now(UTC)
        )
    except WaymarkError as error:
        print(error, file=sys.stderr)
        return 1
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        contest.write(Path(folder))
        arena = Arena(
            folder=Path(folder),
            seconds=60 * chosen.minutes,
            pythons=dict(word.split("=", 1) for word in chosen.python),
            isolated=not chosen.in_place,
        )
        for result in _each(chosen.only, contest, arena):
            results.append(result)
            text = _title(chosen, contest) + write_table(results, chosen.seed)
            if chosen.out is not None:
                # After each, so that a run that is cut short leaves what it has measured.
                chosen.out.write_text(text)
    print(text)
    return int(results[0].ranked is None)


def _each(only: list[str], contest: Contest, arena: Arena) -> Iterator[Result]:
    for contestant in CONTESTANTS:
        if contestant.name in {WAYMARK, *only}:
            yield from compete(contestant, contest, arena)


def _title(chosen: argparse.Namespace, contest: Contest) -> str:
    test = contest.test
    return (
        f"{chosen.folder.resolve().name} · {chosen.protocol} · "
        f"{len(test.asked):,} learners asked about, {len(test.train.module):,} rows trained on, "
        f"{test.n_modules:,} modules, seed {chosen.seed}\n\n"
    )


def _arguments() -> argparse.Namespace:
    names = [contestant.name for contestant in CONTESTANTS if contestant.name != WAYMARK]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="history folder")
    parser.add_argument(
        "--protocol",
        type=Protocol,
        choices=[Protocol.LEAVE_LAST, Protocol.SPLITS],
        default=Protocol.LEAVE_LAST,
    )
    parser.add_argument("--learners", type=int, default=10_000, help="at most, asked about")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        default=names,
        metavar="NAME",
        help=f"rivals, of {', '.join(names)}",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10, help="limit of each process")
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="NAME=PYTHON",
        help="another Python for a rival, e.g. lenskit=3.12",
    )
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="use what is installed beside Waymark instead of isolated environments",
    )
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    chosen = parser.parse_args()
    if chosen.learners < 1:
        parser.error("--learners must be at least 1")
    if not all("=" in word and word.split("=")[0] in names for word in chosen.python):
        parser.error(f"--python takes NAME=PYTHON, where NAME is one of {', '.join(names)}")
    if chosen.out is not None and not chosen.out.parent.is_dir():
        parser.error(f"--out {chosen.out}: the folder {chosen.out.parent} does not exist")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
