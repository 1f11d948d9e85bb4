"""Every notebook runs from top to bottom on small data and shows pictures."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from training.academy import generate_academy, write_folder

SLOW = {"02-retrain-and-compare"}
NOTEBOOKS = [
    pytest.param(path, marks=pytest.mark.slow if path.stem in SLOW else (), id=path.stem)
    for path in sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_notebooks_run_and_show_pictures(path, tmp_path, monkeypatch):
    began = datetime(2026, 6, 1, tzinfo=UTC)
    academy = generate_academy(n_learners=120, seed=0, now=began, size="small")
    write_folder(academy, tmp_path / "academy")
    monkeypatch.setenv("WAYMARK_NOTEBOOK_FOLDER", str(tmp_path / "academy"))
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in shown)
