"""Work that the service has done by a process beside it: its answer is JSON on standard output.

Such a process ends when whoever started it does, and gives way to whatever else wants the
processor.
"""

import os
import sys
from collections.abc import Callable, Mapping
from threading import Thread

import orjson

from features.domain.errors import WaymarkError
from features.settings import read_settings
from features.store.workspace import Workspace

NICENESS = 5


def answer_service(read: Callable[[Workspace], Mapping[str, object]]) -> int:
    """Write what `read` makes of the workspace of the settings.

    Returns
    -------
    int
        The code to exit with: 1 where it is refused by name, and the refusal is written instead.
    """
    os.nice(NICENESS)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        with Workspace.open(read_settings().database_url) as workspace:
            answer, code = read(workspace), 0
    except WaymarkError as error:
        answer, code = {"code": error.code, "detail": error.detail}, 1
    sys.stdout.buffer.write(orjson.dumps(answer))
    return code


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open for as long as it lives."""
    while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer would be locked at the end
        pass
    os._exit(1)
