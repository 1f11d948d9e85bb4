"""The quality benchmark on histories small enough to check by hand; nothing is installed for it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from training.evaluation.protocols import Protocol

QUALITY = Path(__file__).parents[3] / "benchmarks" / "quality"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
N_LEARNERS, N_MODULES = 60, 12
IN_TABLE = re.compile(r"^\| (?P<model>[^|]+) \| (?P<settings>[^|]+) \|(?P<rest>.*)\|$")


@pytest.fixture
def quality(monkeypatch) -> Iterator[dict[str, object]]:
    """Give the benchmark's own modules, which find each other as scripts do."""
    monkeypatch.syspath_prepend(str(QUALITY))
    names = ("contestants", "exchange", "judging", "run", "table")
    yield {name: import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Give histories in which most learners go round the modules in order."""
    rng = np.random.default_rng(5)
    rows = ["learner_id,module_id,event,at"]
    for learner in range(N_LEARNERS):
        start, length = rng.integers(N_MODULES), rng.integers(3, 8)
        met = {
            int((start + step + (rng.random() < 0.1)) % N_MODULES): None for step in range(length)
        }
        rows += [f"u{learner:02},m{module:02},completed,{at}" for at, module in enumerate(met)]
    path = tmp_path_factory.mktemp("histories")
    (path / "interactions.csv").write_text("\n".join(rows) + "\n")
    return path


def tiny_contest(quality, *, target, met):
    """Ask about one learner each, who has met one module of five."""
    exchange, judging = quality["exchange"], quality["judging"]
    n = len(target)
    history = exchange.Histories(
        indptr=np.arange(n + 1),
        module=np.array(met, dtype=np.int32),
        at_seconds=np.zeros(n),
    )
    split = exchange.Split(
        train=history,
        asked=np.arange(n),
        history=history,
        valid=np.zeros(n, dtype=bool),
        knows_learners=True,
        n_modules=5,
        seed=0,
    )
    answers = np.array(target, dtype=np.int32)
    return judging.Contest(test=split, target=answers, tuning=split, tuning_target=answers)


def lists_of(quality, rows):
    """Write rows of (module, score) pairs, best first."""
    lists = quality["exchange"].Lists.empty(len(rows))
    for place, row in enumerate(rows):
        for column, (module, score) in enumerate(row):
            lists.module[place, column], lists.score[place, column] = module, score
    return lists


def test_ranks_and_metrics_are_those_computed_by_hand(quality):
    contest = tiny_contest(quality, target=[1, 2, 3], met=[0, 0, 0])
    rows = [
        [(1, 9.0), (2, 8.0)],  # first
        [(1, 7.0), (3, 7.0), (2, 7.0), (4, 1.0)],  # tied with two: one of them counts as above
        [(1, 2.0), (2, 1.0)],  # not listed
    ]
    ranked = quality["judging"].judge(lists_of(quality, rows), contest)
    assert ranked.rank[:2].tolist() == [1, 2]
    assert ranked.rank[2] > 10
    assert ranked.ndcg_at_10.tolist() == pytest.approx([1.0, 1 / np.log2(3), 0.0])
    one = quality["table"].Result(title="a · b", settings="defaults", ranked=ranked)
    cells = quality["table"].write_table([one], seed=0).splitlines()[2].split(" | ")
    assert cells[2] == "0.6667"
    assert cells[3] == "0.5436"
    assert cells[6] == "0.800"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ([(0, 1.0)], "the learner had met"),
        ([(1, 2.0), (1, 1.0)], "twice"),
        ([(1, 1.0), (2, 2.0)], "order"),
        ([(1, np.nan)], "without a score"),
        ([(5, 1.0)], "do not exist"),
    ],
)
def test_lists_that_break_the_rules_are_refused(quality, row, fault):
    contest = tiny_contest(quality, target=[3], met=[0])
    with pytest.raises(quality["judging"].UnfairListsError, match=fault):
        quality["judging"].judge(lists_of(quality, [row]), contest)


@pytest.mark.parametrize("protocol", [Protocol.LEAVE_LAST, Protocol.SPLITS])
def test_contestants_are_not_told_what_they_are_asked(quality, folder, tmp_path, protocol):
    contest = quality["judging"].prepare(folder, protocol, 20, 0, NOW)
    contest.write(tmp_path)
    for path, target in (("test.npz", contest.target), ("tuning.npz", contest.tuning_target)):
        told = quality["exchange"].Split.load(tmp_path / path)
        assert len(told.asked) == len(target) > 0
        for asked, module in zip(told.asked, target, strict=True):
            assert module not in told.train.module[told.train.learner == asked]
        assert not np.isin(
            told.history.learner * N_MODULES + told.history.module,
            np.arange(len(target)) * N_MODULES + target,
        ).any()
        if protocol is Protocol.SPLITS:
            assert not np.isin(told.train.learner, told.asked).any()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["leave-last", "splits"])
def test_one_run_puts_waymark_and_implicit_into_one_table(folder, tmp_path, protocol):
    done = run(folder, tmp_path, "--only", "implicit", "--protocol", protocol)
    assert done.returncode == 0, done.stderr
    rows = table_in(tmp_path / "table.md")
    models = {(row["model"], row["settings"].split(":")[0]) for row in rows}
    for model in ("als", "bm25", "cosine"):
        assert {(f"implicit · {model}", how) for how in ("defaults", "tuned")} <= models
    assert ("Waymark · popularity", "defaults") in models
    quality_of = [float(row["rest"].split(" | ")[1]) for row in rows]
    assert quality_of == sorted(quality_of, reverse=True)
    assert quality_of[0] > 0.5
    assert "implicit 0.7" in (tmp_path / "table.md").read_text()
    (chosen,) = (row for row in rows if "(chosen)" in row["model"])
    assert chosen["rest"].split(" | ")[:2] == own_evaluation(folder, tmp_path, protocol)


def own_evaluation(folder, tmp_path, protocol):
    """Return HR@10 and NDCG@10 of the chosen model as `waymark evaluate` has them."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "training.cli", "evaluate", "--from", folder),
            *("--protocol", protocol, "--only", "ranking", "--learners", "40"),
            *("--out", tmp_path / "own.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "own.json").read_text())
    chosen = document["ranking"][document["chosen"]["ranking"]]
    return [f"{chosen[name]:.4f}" for name in ("hr_at_10", "ndcg_at_10")]


def test_a_contestant_that_fails_is_a_row_with_its_reason(quality, folder, tmp_path):
    contestants, runner = quality["contestants"], quality["run"]
    contest = quality["judging"].prepare(folder, Protocol.LEAVE_LAST, 20, 0, NOW)
    contest.write(tmp_path)
    (tmp_path / "broken.py").write_text("raise RuntimeError('no | such luck')\n")
    (tmp_path / "slow.py").write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    arena = runner.Arena(folder=tmp_path, seconds=5, pythons={}, isolated=False)
    results = []
    for name in ("broken", "slow"):
        contestant = contestants.Contestant(
            name=name,
            title=name,
            script=str(tmp_path / f"{name}.py"),
            requirements=("nothing",),
            models=(contestants.Model(name="one", defaults={}),),
        )
        results.extend(runner.compete(contestant, contest, arena))
    rows = quality["table"].write_table(results, seed=0).splitlines()[2:4]
    assert "RuntimeError: no / such luck" in rows[0]
    assert "took more than 5 s" in rows[1]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert all(row.count("|") == len(quality["table"].HEADINGS) + 1 for row in rows)


def test_without_uv_a_rival_is_a_row_that_says_so(quality, folder, tmp_path, monkeypatch):
    runner = quality["run"]
    monkeypatch.setattr(runner.shutil, "which", lambda *_, **__: None)
    contest = quality["judging"].prepare(folder, Protocol.LEAVE_LAST, 20, 0, NOW)
    arena = runner.Arena(folder=tmp_path, seconds=5, pythons={}, isolated=True)
    rival = quality["contestants"].CONTESTANTS[1]
    results = list(runner.compete(rival, contest, arena))
    assert {one.reason for one in results} == {"uv is not installed; `make setup` puts it into .uv"}


def test_a_folder_that_is_refused_ends_the_run_with_its_reason(tmp_path):
    done = run(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "holds no history table" in done.stderr
    assert "Traceback" not in done.stderr


def test_histories_with_nothing_to_ask_end_the_run_with_the_reason(
    quality, tmp_path, monkeypatch, capsys
):
    (tmp_path / "interactions.csv").write_text("learner_id,module_id,event,at\nu1,m1,started,1\n")
    monkeypatch.setattr(sys, "argv", words(tmp_path, tmp_path))
    assert quality["run"].main() == 1
    assert "no held-out learner has two modules" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--learners", "0"), "at least 1"),
        (("--python", "lenskit"), "NAME=PYTHON"),
        (("--python", "nobody=3.12"), "NAME is one of implicit, rectools, lenskit"),
        (("--out", "no/such/table.md"), "does not exist"),
        (("--only", "nobody"), "invalid choice"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_the_work(
    quality, folder, tmp_path, options, fault, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", words(folder, tmp_path, *options))
    with pytest.raises(SystemExit) as ended:
        quality["run"].main()
    assert ended.value.code == 2
    assert fault in capsys.readouterr().err


def run(folder, tmp_path, *options):
    """Run the benchmark with what is installed, so that nothing has to be."""
    return subprocess.run(
        [sys.executable, *words(folder, tmp_path, *options)],
        capture_output=True,
        text=True,
        check=False,
    )


def words(folder, tmp_path, *options):
    return [
        *(str(QUALITY / "run.py"), "--from", str(folder), "--in-place"),
        *("--learners", "40", "--out", str(tmp_path / "table.md"), *options),
    ]


def table_in(path):
    """Return the rows of the table in a file as dictionaries."""
    found = [IN_TABLE.match(line) for line in path.read_text().splitlines()]
    return [row.groupdict() | {"rest": row["rest"].strip()} for row in found if row][2:]
