"""Reads one experiment and writes JSON to standard output: what the service runs beside itself.

It ends when whoever started it does, and gives way to whatever else wants the processor.
"""

import os
import sys
from datetime import UTC, datetime
from threading import Thread

import orjson

from features.domain.errors import WaymarkError
from features.settings import read_settings
from features.store.documents import to_document
from features.store.workspace import Workspace
from training.readings.markdown import write_markdown
from training.readings.reading import read_experiment

NICENESS = 5


def main() -> int:
    """Read the experiment named by the first argument; 1 where that is refused by name."""
    os.nice(NICENESS)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer, code = _read(sys.argv[1]), 0
    except WaymarkError as error:
        answer, code = {"code": error.code, "detail": error.detail}, 1
    sys.stdout.buffer.write(orjson.dumps(answer))
    return code


def _read(experiment_id: str) -> dict[str, object]:
    with Workspace.open(read_settings().database_url) as workspace:
        results = read_experiment(workspace, experiment_id, datetime.now(UTC))
    return {"document": to_document(results), "markdown": write_markdown(results)}


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open for as long as it lives."""
    while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer would be locked at the end
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
