"""Documentation is tested: settings, routes, commands, links."""

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup as Group
from typer.main import get_command

from features.settings import Settings
from service.app import create_app
from training.cli.main import COMMANDS
from training.cli.main import app as command_line

ROOT = Path(__file__).parents[2]
WRITTEN = [path for folder in ("docs", "benchmarks") for path in (ROOT / folder).rglob("*.md")]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *WRITTEN])


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"`WAYMARK_{name.upper()}`" in text


def test_every_documented_setting_exists():
    named = set(re.findall(r"`(WAYMARK_\w+)`", (ROOT / "docs" / "settings.md").read_text()))
    assert named == {f"WAYMARK_{name.upper()}" for name in Settings.model_fields}


def test_every_route_is_documented():
    text = (ROOT / "docs" / "api.md").read_text()
    for path in create_app(Settings()).openapi()["paths"]:
        assert re.sub(r"\{\w+(:path)?\}", "{id}", path) in re.sub(r"\{\w+\}", "{id}", text), path


def test_every_command_is_in_the_readme_or_its_documents():
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    for name in COMMANDS:
        assert f"waymark {name}" in text


def test_every_command_line_in_the_documents_is_understood():
    """Options and arguments are parsed as the command line would, without running anything."""
    lines = [
        shlex.split(line.split("#")[0])[1:]
        for path in DOCUMENTS
        for line in path.read_text().splitlines()
        if line.startswith(".venv/bin/waymark ")
    ]
    assert len(lines) >= 7
    for line in lines:
        command, words = get_command(command_line), list(line)
        while isinstance(command, Group):
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_decision_notes_are_short_and_numbered_once():
    notes = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in notes]
    assert len(numbers) == len(set(numbers))
    for path in notes:
        prose = " ".join(
            line for line in path.read_text().splitlines() if line and not line.startswith("#")
        )
        sentences = re.findall(r"[.!?](?:\s|$)", prose)
        assert 2 <= len(sentences) <= 10, path.name
