"""Folders into a real database of either kind: all of a folder or nothing, and only once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from features.domain.catalogue import (
    Module,
    ModuleSkill,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
    SkillEdge,
)
from features.domain.errors import HistoryFolderError
from features.domain.history import (
    Assignment,
    Event,
    Evidence,
    Interaction,
    Learner,
    derive_event_id,
)
from training.histories import csv_source
from training.histories.bad_rows import BadRowsError
from training.histories.importing import import_folder
from training.histories.report import TableReport

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
FOLDER = {
    "interactions.csv": (
        "learner_id,module_id,event,at,score,success,duration_seconds,attempt,event_id,comment\n"
        "u1,m2,scored,2026-02-01T10:00:00+01:00,0.75,true,61.5,2,e1,Well done\n"
        "u1,m3,viewed,2026-02-01T09:00:00Z,,,,,,\n"
        "u2,m1,passed,17,,,,,,\n"
    ),
    "learners.csv": (
        "learner_id,role_id,department,hired_at,needs,mentor,city\n"
        "u1,analyst,Sales,2024-01-01T00:00:00Z,captions,true,Graz\n"
        "u3,,,,,,\n"
    ),
    "modules.csv": "module_id,title,difficulty,mandatory\nm1,One,0.25,true\nm2,,,\n",
    "module_skills.csv": "module_id,skill_id,weight\nm1,a,0.5\nm2,a,\n",
    "prerequisites.csv": (
        "module_id,requires_module_id,requires_skill_id,min_mastery,strength\n"
        "m2,m1,,,\n"
        "m2,,a,0.5,0.5\n"
    ),
    "skills.csv": "skill_id,name,parent_id\na,Analysis,thinking\n",
    "skill_edges.csv": "skill_id,precedes_skill_id\na,b\n",
    "roles.csv": "role_id,name\nanalyst,Analyst\n",
    "role_skills.csv": "role_id,skill_id,target,weight\nanalyst,a,0.75,2\nchief,a,,\n",
    "evidence.csv": (
        "learner_id,skill_id,level,source,at\n"
        "u1,a,0.5,peer,2026-02-01T09:00:00Z\n"
        "u1,a,0.9,peer,2026-02-01T09:00:00Z\n"
    ),
    "assignments.csv": "learner_id,module_id,due_at,reason\nu1,m4,2099-01-01T00:00:00Z,Safety\n",
    "outcomes.csv": "learner_id,metric,value,at\nu1,errors,-3,2026-02-01T09:00:00Z\n",
    "splits.csv": "learner_id,part\nu1,train\n",
}


@pytest.fixture
def bring_in(workspace, folder_of, now, tmp_path):
    """Give a function that imports files into the workspace."""

    def bring(files, **options):
        options = {"bad_rows_path": tmp_path / "bad.csv", **options}
        return import_folder(workspace, folder_of(files), now=now, **options)

    return bring


def everything_in(workspace):
    """What a workspace holds, apart from the numbers given to arrivals."""
    with workspace.reading() as repositories:
        catalogue = repositories.catalogue.load()
        learners = repositories.learners.list(after=None, limit=100)
        histories = [repositories.learners.history(learner.learner_id) for learner in learners]
        return catalogue, histories


def test_everything_a_folder_says_is_stored(workspace, bring_in):
    report = bring_in(FOLDER)
    catalogue, histories = everything_in(workspace)
    assert catalogue.modules == (
        Module(
            module_id="m1",
            title="One",
            difficulty=0.25,
            mandatory=True,
            skills=(ModuleSkill(skill_id="a", weight=0.5),),
        ),
        Module(
            module_id="m2",
            title="m2",
            skills=(ModuleSkill(skill_id="a"),),
            prerequisites=(
                Prerequisite(requires_skill_id="a", min_mastery=0.5, strength=0.5),
                Prerequisite(requires_module_id="m1"),
            ),
        ),
        Module(module_id="m3", title="m3"),
        Module(module_id="m4", title="m4"),
    )
    assert catalogue.skills == (
        Skill(skill_id="a", name="Analysis", parent_id="thinking"),
        Skill(skill_id="b", name="b"),
        Skill(skill_id="thinking", name="thinking"),
    )
    assert catalogue.skill_edges == (SkillEdge(skill_id="a", precedes_skill_id="b"),)
    assert catalogue.roles == (
        Role(
            role_id="analyst",
            name="Analyst",
            requirements=(RoleRequirement(skill_id="a", target=0.75, weight=2.0),),
        ),
        Role(
            role_id="chief",
            name="chief",
            requirements=(RoleRequirement(skill_id="a", target=0.5),),
        ),
    )
    first, second, third = histories
    assert first.learner == Learner(
        learner_id="u1",
        role_id="analyst",
        department="Sales",
        hired_at=datetime(2024, 1, 1, tzinfo=UTC),
        needs=frozenset({"captions"}),
        mentor=True,
        attributes={"city": "Graz"},
    )
    assert first.interactions == (
        Interaction(
            event_id="e1",
            learner_id="u1",
            module_id="m2",
            event=Event.SCORED,
            at=AT,
            score=0.75,
            success=True,
            duration_seconds=61.5,
            attempt=2,
            comment="Well done",
        ),
        Interaction(
            event_id=derive_event_id("u1", "m3", "viewed", AT, None),
            learner_id="u1",
            module_id="m3",
            event=Event.VIEWED,
            at=AT,
        ),
    )
    assert first.evidence == (
        Evidence(learner_id="u1", skill_id="a", level=0.5, source="peer", at=AT),
    )
    assert first.assignments == (
        Assignment(
            learner_id="u1",
            module_id="m4",
            due_at=datetime(2099, 1, 1, tzinfo=UTC),
            reason="Safety",
        ),
    )
    assert second.learner == Learner(learner_id="u2")
    assert third.learner == Learner(learner_id="u3")
    with workspace.reading() as repositories:
        assert repositories.learners.export("u1")["outcomes"][0]["value"] == -3
    assert report.n_bare_modules == 2
    assert report.unused_files == ("splits.csv",)
    assert report.bad_rows_path is None
    assert report.seconds > 0


def test_the_report_counts_every_row_once(bring_in):
    report = bring_in(FOLDER)
    assert report.tables["interactions"] == TableReport(
        n_read=3, n_new=3, n_duplicates=0, n_bad=0, n_erased=0
    )
    assert report.tables["evidence"] == TableReport(
        n_read=2, n_new=1, n_duplicates=1, n_bad=0, n_erased=0
    )
    assert set(report.tables) == {name.removesuffix(".csv") for name in FOLDER} - {"splits"}


def test_a_second_import_changes_nothing(workspace, bring_in):
    bring_in(FOLDER)
    before = everything_in(workspace)
    report = bring_in(FOLDER)
    assert everything_in(workspace) == before
    assert all(
        table == replace(table, n_new=0, n_duplicates=table.n_read)
        for table in report.tables.values()
    )
    assert report.n_bare_modules == 0


def test_an_import_is_one_revision_of_the_catalogue(workspace, bring_in):
    with workspace.reading() as repositories:
        before = repositories.catalogue.revision()
    bring_in(FOLDER)
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == before + 1


def test_an_import_of_learners_leaves_the_revision(workspace, bring_in):
    with workspace.reading() as repositories:
        before = repositories.catalogue.revision()
    bring_in({"learners.csv": FOLDER["learners.csv"]})
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == before


def test_events_that_come_twice_are_one_event_and_the_first_wins(workspace, bring_in, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 2)
    rows = [
        "u1,m1,scored,2026-02-01T09:00:00Z,0.25,e1",
        "u1,m1,viewed,2026-02-01T09:00:00Z,,",
        "u1,m1,scored,2026-02-01T09:00:00Z,0.75,e1",
        "u1,m1,viewed,2026-02-01T10:00:00+01:00,,",
        "u1,m1,viewed,2026-02-01T09:00:00Z,,e2",
    ]
    header = "learner_id,module_id,event,at,score,event_id"
    report = bring_in({"interactions.csv": "\n".join([header, *rows])})
    assert report.tables["interactions"] == TableReport(
        n_read=5, n_new=3, n_duplicates=2, n_bad=0, n_erased=0
    )
    _, (history,) = everything_in(workspace)
    assert [(one.event_id, one.score) for one in history.interactions] == [
        ("e1", 0.25),
        (derive_event_id("u1", "m1", "viewed", AT, None), None),
        ("e2", None),
    ]


def test_rows_of_one_instant_keep_the_order_of_the_file(workspace, bring_in, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 3)
    modules = [f"m{number * 7 % 11}" for number in range(11)]
    rows = "".join(f"u1,{module},viewed,5\n" for module in modules)
    bring_in({"interactions.csv": f"learner_id,module_id,event,at\n{rows}"})
    _, (history,) = everything_in(workspace)
    assert [one.module_id for one in history.interactions] == modules


def test_what_a_file_leaves_out_stays_and_what_it_says_rules(workspace, bring_in):
    bring_in(FOLDER)
    report = bring_in(
        {
            "learners.csv": "learner_id,department,team\nu1,,Blue\nu9,Legal,\n",
            "modules.csv": "module_id,difficulty\nm1,\nm9,0.5\n",
            "module_skills.csv": "module_id,skill_id\nm1,b\n",
        }
    )
    catalogue, histories = everything_in(workspace)
    modules = {module.module_id: module for module in catalogue.modules}
    assert modules["m1"] == Module(
        module_id="m1",
        title="One",
        mandatory=True,
        skills=(ModuleSkill(skill_id="a", weight=0.5), ModuleSkill(skill_id="b")),
    )
    assert modules["m9"] == Module(module_id="m9", title="m9", difficulty=0.5)
    first, *_, last = (history.learner for history in histories)
    assert (first.role_id, first.department) == ("analyst", None)
    assert first.attributes == {"city": "Graz", "team": "Blue"}
    assert last == Learner(learner_id="u9", department="Legal")
    assert report.tables["learners"].n_new == 2


def test_an_empty_attribute_removes_what_was_known(workspace, bring_in):
    bring_in({"learners.csv": "learner_id,city,team\nu1,Graz,Blue\n"})
    bring_in({"learners.csv": "learner_id,city\nu1,\n"})
    _, (history,) = everything_in(workspace)
    assert history.learner.attributes == {"team": "Blue"}


def test_attributes_may_have_any_name(workspace, bring_in):
    bring_in({"learners.csv": "learner_id,attributes,Größe (cm)\nu1,x,180\n"})
    _, (history,) = everything_in(workspace)
    assert history.learner.attributes == {"attributes": "x", "Größe (cm)": "180"}


def test_a_bad_row_anywhere_leaves_the_database_as_it_was(workspace, bring_in, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 2)
    before = everything_in(workspace)
    bad = FOLDER["interactions.csv"] + "u1,m1,launched,17,,,,,,\n" * 3
    with pytest.raises(
        BadRowsError, match=r"interactions\.csv:5 column event: 'launched'"
    ) as error:
        bring_in({**FOLDER, "interactions.csv": bad})
    assert error.value.n_bad_rows == 3
    assert everything_in(workspace) == before


def test_a_gzip_that_breaks_off_leaves_the_database_as_it_was(
    workspace, bring_in, folder_of, monkeypatch
):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 100)
    rows = "".join(f"u{number * 7919 % 9973},m1,viewed,{number}\n" for number in range(9_999))
    text = f"learner_id,module_id,event,at\n{rows}"
    path = folder_of({"interactions.csv.gz": text}) / "interactions.csv.gz"
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(HistoryFolderError, match="the gzip file is cut off or damaged"):
        bring_in({"modules.csv": FOLDER["modules.csv"]})
    assert everything_in(workspace)[1] == []


def test_bad_rows_may_be_skipped(workspace, bring_in, tmp_path):
    files = {
        "modules.csv": "module_id,difficulty\nm1,0.5\nm2,5\n",
        "interactions.csv": (
            "learner_id,module_id,event,at\nu1,m1,viewed,1\nu1,m1,launched,2\nu1,m1,passed,3\n"
        ),
    }
    report = bring_in(files, skip_bad=True)
    assert report.bad_rows_path == tmp_path / "bad.csv"
    assert report.bad_rows_path.read_text(encoding="utf-8").splitlines()[1] == (
        'modules.csv,3,difficulty,"5 is outside [0,1]","m2,5"'
    )
    assert report.tables["modules"].n_bad == 1
    assert report.tables["interactions"] == TableReport(
        n_read=3, n_new=2, n_duplicates=0, n_bad=1, n_erased=0
    )
    catalogue, (history,) = everything_in(workspace)
    assert [module.module_id for module in catalogue.modules] == ["m1"]
    assert [str(one.event) for one in history.interactions] == ["viewed", "passed"]


def test_bad_rows_are_written_beside_the_caller_by_default(bring_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = bring_in({"roles.csv": "role_id\nr,r\n"}, skip_bad=True, bad_rows_path=None)
    assert report.bad_rows_path.name == "academy-bad-rows.csv"
    assert (tmp_path / "academy-bad-rows.csv").is_file()


def test_erased_learners_are_not_brought_back(workspace, bring_in, now, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 1)
    with workspace.transaction() as repositories:
        repositories.learners.erase("u1", now)
    report = bring_in(FOLDER)
    _, histories = everything_in(workspace)
    assert [history.learner.learner_id for history in histories] == ["u2", "u3"]
    assert report.tables["interactions"] == TableReport(
        n_read=3, n_new=1, n_duplicates=0, n_bad=0, n_erased=2
    )
    assert report.tables["learners"].n_erased == 1
    assert report.tables["assignments"].n_erased == 1
    assert report.tables["outcomes"].n_erased == 1
    assert report.tables["evidence"] == TableReport(
        n_read=2, n_new=0, n_duplicates=1, n_bad=0, n_erased=1
    )


def test_a_loop_with_what_is_stored_is_refused(workspace, bring_in):
    bring_in({"prerequisites.csv": "module_id,requires_module_id\nm2,m1\n"})
    before = everything_in(workspace)
    with pytest.raises(
        HistoryFolderError, match=r"does not go with what is stored.* (m1 → m2 → m1|m2 → m1 → m2)"
    ):
        bring_in({"prerequisites.csv": "module_id,requires_module_id\nm1,m2\n"})
    assert everything_in(workspace) == before


def test_progress_hears_of_every_row(bring_in):
    class Listener:
        def __init__(self):
            self.heard = {}

        def advance(self, table, n_rows):
            self.heard[table] = self.heard.get(table, 0) + n_rows

    listener = Listener()
    report = bring_in(FOLDER, progress=listener)
    assert listener.heard == {name: table.n_read for name, table in report.tables.items()} | {
        "splits": 1
    }
