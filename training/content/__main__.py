"""Reports on content, for the service.

Arguments, where there is a champion: the folder of the service's copy of it, and its version.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from features.store.snapshots import read_snapshot
from features.store.workspace import Workspace
from training.beside import answer_service
from training.content.report import report_content
from training.histories.data import read_store_data


def read(workspace: Workspace) -> Mapping[str, object]:
    """Return the report as a document."""
    champion = read_snapshot(Path(sys.argv[1]), sys.argv[2]) if sys.argv[1:] else None
    found = report_content(read_store_data(workspace), champion, datetime.now(UTC))
    return {"document": found.to_document()}


if __name__ == "__main__":
    sys.exit(answer_service(read))
