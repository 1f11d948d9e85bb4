"""Reads the experiment named by the first argument, for the service."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from features.store.documents import to_document
from features.store.workspace import Workspace
from training.beside import answer_service
from training.readings.markdown import write_markdown
from training.readings.reading import read_experiment


def read(workspace: Workspace) -> Mapping[str, object]:
    """Return its results as a document and as text."""
    results = read_experiment(workspace, sys.argv[1], datetime.now(UTC))
    return {"document": to_document(results), "markdown": write_markdown(results)}


if __name__ == "__main__":
    sys.exit(answer_service(read))
