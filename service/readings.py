"""Results of experiments, worked out by a process of their own and kept for a while.

Reading one takes seconds of a processor and the statistics of `training`, which a worker neither
imports nor lets compete with recommendations for its interpreter lock.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from features.domain.errors import ReadingUnavailableError, StoreUnavailableError

PROGRAM = ("-m", "training.readings")
KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 32

log = logging.getLogger("waymark.readings")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A results document, as JSON and as Markdown.

    Attributes
    ----------
    mark
        Numbers that are others when the experiment or its data have changed.
    read_at
        When it was asked for.
    """

    document: bytes
    markdown: str
    mark: Sequence[int]
    read_at: datetime


class Readings:
    """Reads one experiment at a time; who asks meanwhile waits, or is told to come again.

    Parameters
    ----------
    database_url
        Of the workspace.
    seconds
        How long anybody waits, > 0.
    """

    def __init__(self, database_url: str, seconds: float) -> None:
        self._database_url = database_url
        self._seconds = seconds
        self._one_at_a_time = asyncio.Lock()
        self._kept: dict[str, Reading] = {}

    async def read(self, experiment_id: str, mark: Sequence[int], now: datetime) -> Reading:
        """Return a reading no older than `KEPT_FOR` and than the last change of the data.

        Parameters
        ----------
        experiment_id
            Of an experiment that has started.
        mark
            As `Reading.mark`, of this moment.
        now
            Aware UTC.

        Raises
        ------
        ReadingUnavailableError
            If it takes too long.
        StoreUnavailableError
            If the database does not answer.
        """
        try:
            async with asyncio.timeout(self._seconds), self._one_at_a_time:
                kept = self._kept.get(experiment_id)
                if kept is None or kept.mark != mark or now - kept.read_at > KEPT_FOR:
                    kept = await self._work_out(experiment_id, mark, now)
                return kept
        except TimeoutError as error:
            raise ReadingUnavailableError(
                f"results of {experiment_id!r} take more than {self._seconds:g} seconds here, or "
                "others are being read. Try again after the seconds in Retry-After, or run "
                "`waymark experiment results`."
            ) from error

    async def _work_out(self, experiment_id: str, mark: Sequence[int], now: datetime) -> Reading:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *PROGRAM,
            experiment_id,
            stdin=asyncio.subprocess.PIPE,  # held open: its end tells the process to end
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "WAYMARK_DATABASE_URL": self._database_url},
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            answer = await process.stdout.read()
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            _refuse(answer, code)
        written = orjson.loads(answer)
        reading = Reading(
            document=orjson.dumps(written["document"]),
            markdown=written["markdown"],
            mark=mark,
            read_at=now,
        )
        self._keep(experiment_id, reading)
        return reading

    def _keep(self, experiment_id: str, reading: Reading) -> None:
        self._kept.pop(experiment_id, None)
        self._kept[experiment_id] = reading
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]


def _refuse(answer: bytes, code: int) -> None:
    """Raise what ended a reading; its traceback is in the log already, where there is one."""
    try:
        detail = orjson.loads(answer)["detail"]
    except (orjson.JSONDecodeError, KeyError) as error:
        message = f"reading an experiment ended with code {code}"
        raise RuntimeError(message) from error
    raise StoreUnavailableError(detail)
