"""Files through which the processes of the service tell each other something."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def mark_of(path: Path) -> tuple[int, int] | None:
    """Return numbers that are others when a file has been replaced, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def replace_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of JSON in one step, its folder too: readers see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content))
    partial.replace(path)


def incoming_in(folder: Path) -> Path:
    """Return where in a folder of copies this process has one that is not checked yet."""
    return folder / f".incoming-{os.getpid()}"
