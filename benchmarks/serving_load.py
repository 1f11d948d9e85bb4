"""A load generator for the serving benchmark: HTTP/1.1 over kept connections, from one core.

A closed loop asks as fast as answers come, which finds saturation. An open loop asks at a given
rate whatever the answers do; what waits for a free connection counts as latency.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

AGAIN_AFTER_SECONDS = 0.05
CHUNK = 1_000  # requests between two looks at the clock's end


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One request: what is sent, as bytes, and the kind it is counted as."""

    kind: str
    content: bytes


@dataclass(kw_only=True)
class Tally:
    """What came back.

    Attributes
    ----------
    seconds
        From the first request to the last answer.
    latencies_ms
        Of each kind of request, since it was due.
    answered_ms
        Of answers with status 200, since they were asked for.
    n_failed
        Answers with another status than 200, and requests whose connection was lost.
    n_lost, n_told_when
        Of these, the lost ones, and those with status 503 that say when to come again.
    statuses
        How many answers had each.
    bodies
        Of the first answers of each kind.
    """

    seconds: float = 0.0
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)
    answered_ms: list[float] = field(default_factory=list)
    n_failed: int = 0
    n_lost: int = 0
    n_told_when: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, list[bytes]] = field(default_factory=dict)


def post(kind: str, path: str, body: bytes, key: str = "") -> Shot:
    """Make a POST with a JSON body."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Shot(kind=kind, content=head.encode() + body)


def drive(
    port: int, shots: Sequence[Shot], *, connections: int, seconds: float, rate: float | None = None
) -> Tally:
    """Send the shots in turn, again from the first where they end, for some seconds.

    Parameters
    ----------
    port
        On this machine.
    shots
        At least one.
    connections
        How many are open at once.
    seconds
        How long new requests are begun.
    rate
        Requests per second of an open loop; None for a closed one.
    """
    return asyncio.run(_drive(_Run(port, shots, seconds, rate), connections))


class _Run:
    def __init__(
        self, port: int, shots: Sequence[Shot], seconds: float, rate: float | None
    ) -> None:
        self.port, self.tally = port, Tally()
        self._shots, self._rate, self._n = shots, rate, 0
        self.started = time.perf_counter()
        self._end = self.started + seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing new is begun any more."""
        return time.perf_counter() >= self._end

    async def next(self) -> tuple[Shot, float] | None:
        """Return what to send and since when it is due; None at the end."""
        place, now = self._n, time.perf_counter()
        due = now if self._rate is None else self.started + place / self._rate
        if max(due, now) >= self._end:
            return None
        self._n += 1
        if due > now:
            await asyncio.sleep(due - now)
        return self._shots[place % len(self._shots)], due

    def note(self, shot: Shot, head: bytes, body: bytes, due: float, sent: float) -> None:
        """Count an answer, whose head is in lower case."""
        now, tally, status = time.perf_counter(), self.tally, head.split(b" ", 2)[1].decode()
        tally.latencies_ms.setdefault(shot.kind, []).append(1e3 * (now - due))
        tally.statuses[status] += 1
        if status == "200":
            tally.answered_ms.append(1e3 * (now - sent))
        else:
            tally.n_failed += 1
            tally.n_told_when += status == "503" and b"\r\nretry-after:" in head
        kept = tally.bodies.setdefault(shot.kind, [])
        if len(kept) < CHUNK:
            kept.append(body)

    def note_lost(self) -> None:
        """Count a request whose connection was lost."""
        self.tally.n_failed += 1
        self.tally.n_lost += 1


async def _drive(run: _Run, connections: int) -> Tally:
    await asyncio.gather(*(_ask(run) for _ in range(connections)))
    run.tally.seconds = time.perf_counter() - run.started
    return run.tally


async def _ask(run: _Run) -> None:
    is_over = False
    while not is_over:
        try:
            is_over = await _converse(run)
        except (OSError, asyncio.IncompleteReadError):
            run.note_lost()
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
            is_over = run.is_over


async def _converse(run: _Run) -> bool:
    """Ask over one connection until the end, or until the other side closes it; tell which."""
    reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
    try:
        while (found := await run.next()) is not None:
            shot, due = found
            sent = time.perf_counter()
            writer.write(shot.content)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            body = await reader.readexactly(length)
            run.note(shot, head, body, due, sent)
            if b"\r\nconnection: close" in head:
                return False
        return True
    finally:
        writer.close()
