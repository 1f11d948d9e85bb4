"""The service's own log: text for people or JSON for programs, with a request's id and no content.

Nothing that was sent is logged: no body, no path (paths hold ids), and of an unexpected failure its
kind and where it happened, but not its message, which may quote what was sent.
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, override

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

JSON, TEXT = "json", "text"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request_id, and what a record adds."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage().strip(),
            "request_id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        failure = _failure_of(record)
        if failure is not None:
            entry |= failure
        return json.dumps(entry)


class TextFormatter(logging.Formatter):
    """The same as a line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        asked = request_id.get()
        line = f"{self.formatMessage(self._stamped(record))}{f' [{asked}]' if asked else ''}"
        failure = _failure_of(record)
        if failure is not None:
            line += f"\n  {failure['failure']}\n    " + "\n    ".join(failure["stack"])
        return line

    def _stamped(self, record: logging.LogRecord) -> logging.LogRecord:
        record.message = record.getMessage().strip()
        record.asctime = self.formatTime(record, self.datefmt)
        return record


def configure_logging(form: str) -> None:
    """Send the log of this process to standard error.

    Parameters
    ----------
    form
        `text` or `json`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == JSON else TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _failure_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return the kind and the places of a failure, the innermost place last."""
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, _, trace = record.exc_info
    places = traceback.extract_tb(trace)
    stack = [f"{place.filename}:{place.lineno} {place.name}" for place in places]
    return {"failure": f"{kind.__module__}.{kind.__qualname__}", "stack": stack}
