"""Golden learners: a promoted snapshot that answers them worse never reaches a worker."""

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from features.domain.catalogue import Module, ModuleSkill, Skill
from features.domain.errors import RegistryError
from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel
from features.score.snapshot import Snapshot
from features.store.registry import CHAMPION, PREVIOUS, PROMOTED_AT, Registry, Version
from features.store.snapshots import write_snapshot
from features.store.workspace import Workspace
from service.champion import copies_folder
from service.database import Database
from service.golden import Golden
from service.watcher import Watcher
from training.cli.main import app
from training.gate import HeldOutResults
from training.results import RESULTS_FILE, write_results

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
MODULES = ("algebra", "botany", "cooking")
# Of the three, only what others took tells them apart.
WANTS_ALGEBRA = {"learners": [{"name": "Ada", "expect": [{"any_of": ["algebra"], "within": 1}]}]}


def ranked(*best_first):
    """Make a snapshot that knows how popular modules are."""
    popularity = np.array([100.0 * (len(MODULES) - best_first.index(each)) for each in MODULES])
    arrays = to_arrays(RankingModel(popularity=popularity)) | {
        "module_ids": np.array(MODULES),
        "role_ids": np.array([], dtype=np.str_),
        "met_by_role": np.zeros((0, len(MODULES))),
    }
    return Snapshot(
        manifest={"learned": {}}, arrays={f"ranking.{name}": of for name, of in arrays.items()}
    )


GOOD, BAD = ranked(*MODULES), ranked(*reversed(MODULES))


@dataclass
class Shelf:
    """A registry whose versions are folders."""

    root: Path
    champion: str | None = None
    previous: str | None = None
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def promote(self, version, snapshot, **tags):
        write_snapshot(snapshot, self.root / version)
        self.champion, self.previous, self.tags[version] = version, self.champion, tags

    def version_of(self, alias):
        return {CHAMPION: self.champion, PREVIOUS: self.previous}[alias]

    def tag(self, version, key, value):
        self.tags[version][key] = value

    def version(self, version):
        return Version(version=version, run_id="", tags=self.tags[version])

    def fetch(self, version, into):
        self.fetched.append(version)
        shutil.copytree(self.root / version, into)
        return into


@pytest.fixture
def shelf(tmp_path):
    return Shelf(root=tmp_path / "registry")


@pytest.fixture
def filled(sqlite_url):
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.catalogue.put_skill(Skill(skill_id="all", name="All"))
        for each in MODULES:
            tags = (ModuleSkill(skill_id="all"),)
            repositories.catalogue.put_module(Module(module_id=each, title=each, skills=tags))
    return sqlite_url


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "golden.json"
    path.write_text(json.dumps(WANTS_ALGEBRA))
    return path


@pytest.fixture
def start_replica(settings, shelf, file, filled):
    """Start watchers whose golden learners are asked of a database, each with its own copies."""
    databases = []

    def start(name):
        databases.append(Database(filled))
        golden = Golden(path=file, database=databases[-1])
        copies = copies_folder(settings).with_name(name)
        watcher = Watcher(source=shelf, copies=copies, jury=golden)
        watcher.announce()
        return lambda: watcher.check(NOW)

    yield start
    for database in databases:
        database.close()


@pytest.fixture
def watch(start_replica):
    """Check once, at one replica."""
    return start_replica("first")


def rewrite(path, document):
    """Write a file anew; it gets another inode, as editors give it."""
    beside = path.with_suffix(".new")
    beside.write_text(document if isinstance(document, str) else json.dumps(document))
    beside.replace(path)


def test_a_version_worse_on_golden_learners_is_refused_and_the_old_one_stays(shelf, watch):
    shelf.promote("1", GOOD)
    assert watch().error is None
    shelf.promote("2", BAD)
    for _ in range(2):
        champion = watch()
        assert champion.version == "1"
        assert "version 2 meets 0 of 1 expectations of golden learners, version 1" in champion.error
        assert "Ada is to get one of algebra among the first 1 and gets cooking" in champion.error
        assert "waymark rollback" in champion.error
    assert shelf.fetched == ["1", "2"]
    shelf.promote("3", ranked("algebra", "cooking", "botany"))
    champion = watch()
    assert (champion.version, champion.error) == ("3", None)


def test_without_one_served_nothing_is_asked(shelf, watch):
    shelf.promote("1", BAD)
    assert watch().version == "1"


@pytest.mark.parametrize("word", ["rolled_back_at", "forced_at"])
def test_whoever_goes_back_or_forces_is_not_locked_out(shelf, watch, word):
    shelf.promote("2", GOOD)
    watch()
    at = NOW.isoformat()
    shelf.promote("1", BAD, promoted_at=at, **{word: at})
    assert watch().version == "1"


def test_a_word_counts_for_the_promotion_it_was_given_for(shelf, watch):
    shelf.promote("2", GOOD)
    watch()
    shelf.promote("1", BAD, promoted_at="2026-02-02", rolled_back_at="2026-01-01")
    assert watch().version == "2"


@pytest.mark.parametrize("gone", [False, True])
def test_who_changes_the_file_or_takes_it_away_overrules(shelf, watch, file, gone):
    shelf.promote("1", GOOD)
    watch()
    shelf.promote("2", BAD)
    assert watch().version == "1"
    if gone:
        file.unlink()
    else:
        wish = {"none_of": ["botany"], "within": 1}
        rewrite(file, {"learners": [{"name": "Ada", "expect": [wish]}]})
    champion = watch()
    assert (champion.version, champion.error) == ("2", None)


def test_without_the_database_the_check_waits_and_then_is_made(shelf, watch, filled):
    shelf.promote("1", GOOD)
    watch()
    path = Path(filled.removeprefix("sqlite:///"))
    path.rename(path.with_suffix(".away"))
    in_the_way = path
    in_the_way.mkdir()
    shelf.promote("2", BAD)
    champion = watch()
    assert champion.version == "1"
    assert champion.error.endswith("can be asked: the database does not answer")
    assert shelf.fetched == ["1"]  # nothing is fetched again and again meanwhile
    in_the_way.rmdir()
    path.with_suffix(".away").rename(path)
    assert "version 2 meets 0 of 1" in watch().error


@pytest.mark.parametrize("document", ["{", {"learners": []}])
def test_a_file_spoiled_while_serving_holds_new_versions_back_and_says_so(
    shelf, watch, file, document
):
    shelf.promote("1", GOOD)
    watch()
    rewrite(file, document)
    shelf.promote("2", ranked("algebra", "cooking", "botany"))
    champion = watch()
    assert champion.version == "1"
    assert "the new champion waits" in champion.error
    assert "golden.json" in champion.error
    rewrite(file, WANTS_ALGEBRA)
    assert watch().version == "2"


def test_a_replica_without_copies_takes_the_version_before_one_that_others_refused(
    shelf, watch, start_replica
):
    shelf.promote("1", GOOD, promoted_at="2026-01-01")
    watch()
    shelf.promote("2", BAD, promoted_at="2026-02-02")
    watch()
    assert shelf.version("2").is_refused
    assert "Ada is to get one of algebra" in shelf.tags["2"]["refused_because"]
    watch_other = start_replica("other")
    assert watch_other().version == "1"
    for _ in range(2):  # and it judges from then on
        champion = watch_other()
        assert champion.version == "1"
        assert "version 2 meets 0 of 1" in champion.error


@pytest.mark.parametrize("previous", [None, "refused"])
def test_a_refused_champion_is_better_than_no_answers(shelf, watch, previous):
    shelf.promote("1", BAD, refused_promotion="by hand")
    if previous:
        shelf.promote("2", BAD, refused_promotion="by hand")
    assert watch().version == shelf.champion


def test_a_refusal_counts_for_the_promotion_it_was_of(shelf, start_replica):
    shelf.promote("1", GOOD)
    shelf.promote("2", BAD, promoted_at="2026-02-02", refused_promotion="2026-01-01")
    assert start_replica("other")().version == "2"


@pytest.mark.parametrize("gone", [False, True])
def test_who_overrules_a_refusal_takes_it_back_in_the_registry(shelf, watch, file, gone):
    shelf.promote("1", GOOD)
    watch()
    shelf.promote("2", BAD)
    watch()
    assert shelf.version("2").is_refused
    if gone:
        file.unlink()
    else:
        wish = {"none_of": ["botany"], "within": 1}
        rewrite(file, {"learners": [{"name": "Ada", "expect": [wish]}]})
    assert watch().version == "2"
    assert not shelf.version("2").is_refused


def test_a_registry_that_takes_no_tags_changes_no_refusal(shelf, watch, monkeypatch):
    def refuse(*_):
        raise RegistryError("read only")

    shelf.promote("1", GOOD)
    watch()
    shelf.promote("2", BAD)
    monkeypatch.setattr(shelf, "tag", refuse)
    champion = watch()
    assert champion.version == "1"
    assert "version 2 meets 0 of 1" in champion.error


@pytest.fixture
def registry(settings, filled, file, prepare_tracking, tmp_path, monkeypatch):
    """Give a real registry with a good version, 1, and a bad one, 2, that the gate cannot tell."""
    prepare_tracking(tmp_path)
    registry = Registry(settings.tracking_uri, settings.model_name)
    same = np.linspace(0.1, 0.9, 50)
    results = HeldOutResults(
        learner_ids=np.array([f"u{k}" for k in range(50)]),
        asked=np.arange(50, dtype=np.uint64),
        ndcg_at_10={"blend": same, "popularity": same},
        log_loss={},
        ece={},
        n_attempts=0,
        slices={},
        chosen_ranking="blend",
        chosen_success=None,
    )
    write_results(results, tmp_path / RESULTS_FILE)
    for name, snapshot in (("good", GOOD), ("bad", BAD)):
        run_id = registry.client.create_run(registry.experiment_id()).info.run_id
        registry.client.log_artifact(run_id, str(tmp_path / RESULTS_FILE))
        write_snapshot(snapshot, tmp_path / name)
        registry.register(run_id, tmp_path / name, {})
    monkeypatch.setenv("WAYMARK_TRACKING_URI", settings.tracking_uri)
    monkeypatch.setenv("WAYMARK_DATABASE_URL", filled)
    return registry


def run(*words):
    return CliRunner().invoke(app, list(words))


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_the_command_tells_what_is_met_and_exits_by_it(registry, file, monkeypatch):
    assert "WAYMARK_GOLDEN_LEARNERS names no file" in run("golden").stderr
    monkeypatch.setenv("WAYMARK_GOLDEN_LEARNERS", str(file))
    assert "there is no champion" in run("golden").stderr
    registry.set_alias(CHAMPION, "1")
    alone = run("golden")
    assert alone.exit_code == 0, alone.stderr
    assert "Version 1 meets 1 of 1." in alone.stdout
    both = run("golden", "--version", "2")
    assert both.exit_code == 1
    assert "gets cooking" in both.stdout
    assert "would be refused" in both.stdout
    document = json.loads(run("golden", "--version", "2", "--json").stdout)
    assert document["refused"] is True
    assert document["versions"]["2"][0]["first"] == ["cooking"]
    assert "no version 9" in run("golden", "--version", "9").stderr


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_a_promotion_asks_golden_learners_before_anything_is_moved(registry, file, monkeypatch):
    monkeypatch.setenv("WAYMARK_GOLDEN_LEARNERS", str(file))
    first = run("promote", "1", "--json")  # with nothing to compare it with
    assert json.loads(first.stdout)["golden_losses"] == []

    refused = run("promote", "2")
    assert refused.exit_code == 1
    assert "golden learner Ada is to get one of algebra" in refused.stderr
    assert "--force --reason" in refused.stderr
    assert registry.version_of(CHAMPION) == "1"
    assert PROMOTED_AT not in registry.version("2").tags

    rewrite(file, "{")
    unable = run("promote", "2")
    assert unable.exit_code == 1
    assert "golden learners cannot be asked: golden learners" in unable.stderr

    rewrite(file, WANTS_ALGEBRA)
    forced = run("promote", "2", "--force", "--reason", "Ada has left", "--json")
    assert forced.exit_code == 0, forced.stderr
    assert "Ada is to get" in json.loads(forced.stdout)["golden_losses"][0]
    assert registry.version("2").is_vouched_for
    assert "Ada is to get" in registry.version("2").tags["forced_against"]


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_what_replicas_refused_is_neither_measure_nor_gone_back_to(registry, file, monkeypatch):
    """Whoever promoted had no file of golden learners; replicas have, and refused version 2."""
    assert run("promote", "1").exit_code == 0
    assert run("promote", "2").exit_code == 0
    promotion = registry.version("2").promotion
    registry.tag("2", "refused_promotion", promotion)
    assert registry.version("2").is_refused

    monkeypatch.setenv("WAYMARK_GOLDEN_LEARNERS", str(file))
    run_id = registry.version("2").run_id
    registry.register(run_id, file.parent / "bad", {})
    assert "golden learner Ada is to get one of algebra" in run("promote", "3").stderr
    assert run("promote", "3", "--force", "--reason", "why not").exit_code == 0
    assert registry.version_of(PREVIOUS) == "1"
    assert run("rollback").exit_code == 0
    assert (registry.version_of(CHAMPION), registry.version_of(PREVIOUS)) == ("1", "3")
