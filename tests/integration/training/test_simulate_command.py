"""`waymark simulate` from the command line to its document, table and picture."""

import json

import pytest
from typer.testing import CliRunner

from training.cli.main import app
from training.cli.simulation_tables import print_simulation

pytestmark = pytest.mark.slow

SMALL = ("--learners", 6, "--taught-from", 40, "--model", "irt", "--policy", "fixed")


def run(*words):
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with the document and the picture of one small simulation."""
    path = tmp_path_factory.mktemp("simulation")
    told = run(
        *(*SMALL, "--policy", "ours"),
        *("--out", path / "result.json", "--picture", path / "result.png"),
    )
    assert told.exit_code == 0, told.stderr
    assert "Waymark against each" in told.stdout
    return path


def test_every_policy_is_measured_on_the_same_learners(folder):
    document = json.loads((folder / "result.json").read_text())
    found = document["models"]["irt"]
    assert list(found["policies"]) == ["fixed", "ours"]
    assert list(found["against"]) == ["fixed"]
    for policy in found["policies"].values():
        for measure in ("completed", "abandoned", "retained", "followed_up"):
            low, high = policy[measure]["ci"]
            assert low <= policy[measure]["mean"] <= high
        assert 0 < policy["weeks_to_competency"]["mean"] <= document["horizon_weeks"]
        assert len(policy["competent_by_week"]) == document["horizon_weeks"] + 1
        assert policy["competent_by_week"][-1] == pytest.approx(policy["competent"]["mean"])
        assert policy["abandoned_by_week"][-1] == pytest.approx(policy["abandoned"]["mean"])
    difference = found["against"]["fixed"]["minutes"]["difference"]["mean"]
    means = [found["policies"][name]["minutes"]["mean"] for name in ("ours", "fixed")]
    assert difference == pytest.approx(means[0] - means[1])


def test_the_picture_is_a_png(folder):
    assert (folder / "result.png").read_bytes().startswith(b"\x89PNG")


def test_a_document_can_be_printed_again(folder, capsys):
    print_simulation(json.loads((folder / "result.json").read_text()))
    assert "weeks to competency" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    told = run("--picture", tmp_path / "absent" / "picture.png")
    assert told.exit_code == 1
    assert f"--picture {tmp_path}" in told.stderr


def test_an_unknown_policy_is_a_usage_error():
    assert run("--policy", "best").exit_code == 2
