"""Results and reports, each worked out by a process of its own and kept for a while.

Reading one takes seconds of a processor and the statistics of `training`, which a worker neither
imports nor lets compete with recommendations for its interpreter lock.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import orjson

from features.domain.errors import (
    ReadingUnavailableError,
    SnapshotError,
    StoreUnavailableError,
    WaymarkError,
)

RUN = ("-m",)
REFUSALS: Mapping[str, type[WaymarkError]] = {
    each.code: each for each in (SnapshotError, StoreUnavailableError)
}
KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 32

log = logging.getLogger("waymark.readings")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What a process is to work out.

    Attributes
    ----------
    module
        Run as a program; it answers by `training.beside`.
    words
        Its arguments.
    gives, command
        What it answers with, and the command line that gives the same, for people.
    """

    module: str
    words: tuple[str, ...]
    gives: str
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A document, as JSON and, where it has words for people, as Markdown.

    Attributes
    ----------
    mark
        Numbers that are others when what it is about has changed.
    read_at
        When it was asked for.
    """

    document: bytes
    markdown: str | None
    mark: Sequence[int]
    read_at: datetime


class Readings:
    """Runs one program at a time; who asks meanwhile waits, or is told to come again.

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
        self._kept: dict[Program, Reading] = {}

    async def read(self, program: Program, mark: Sequence[int], now: datetime) -> Reading:
        """Return a reading no older than `KEPT_FOR` and than the last change of its mark.

        Parameters
        ----------
        program
            What to work out.
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
        SnapshotError
            If a snapshot it is to go by cannot be read.
        """
        try:
            async with asyncio.timeout(self._seconds), self._one_at_a_time:
                kept = self._kept.get(program)
                if kept is None or kept.mark != mark or now - kept.read_at > KEPT_FOR:
                    kept = await self._work_out(program, mark, now)
                    self._keep(program, kept)
                return kept
        except TimeoutError as error:
            raise ReadingUnavailableError(
                f"reading {program.gives} takes more than {self._seconds:g} seconds here, or "
                "something else is being read. Try again after the seconds in Retry-After, or run "
                f"`{program.command}`."
            ) from error

    async def _work_out(self, program: Program, mark: Sequence[int], now: datetime) -> Reading:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *RUN,
            program.module,
            *program.words,
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
            _refuse(program, answer, code)
        written = orjson.loads(answer)
        return Reading(
            document=orjson.dumps(written["document"]),
            markdown=written.get("markdown"),
            mark=mark,
            read_at=now,
        )

    def _keep(self, program: Program, reading: Reading) -> None:
        self._kept.pop(program, None)
        self._kept[program] = reading
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]


def _refuse(program: Program, answer: bytes, code: int) -> NoReturn:
    """Raise what ended a reading; its traceback is in the log already, where there is one."""
    try:
        refusal = orjson.loads(answer)
        named, detail = refusal["code"], refusal["detail"]
    except (orjson.JSONDecodeError, KeyError) as error:
        message = f"reading {program.gives} ended with code {code}"
        raise RuntimeError(message) from error
    # What it went by was changed or erased meanwhile, if nothing else: asking again tells.
    raise REFUSALS.get(named, StoreUnavailableError)(detail)
