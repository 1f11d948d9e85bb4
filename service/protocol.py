"""HTTP as uvicorn speaks it, with a bound on how long and how large the head of a request may be.

`service.middleware.BoundBody` does the same for bodies; it sees a request once the head is whole.
"""

import asyncio
from typing import override

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 65_536
GIVEN_UP = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Ends connections whose next head does not arrive in time, or does not end."""

    head_seconds = HEAD_SECONDS
    _deadline: asyncio.TimerHandle | None = None
    _n_head_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    @override
    def data_received(self, data: bytes) -> None:
        """Take some bytes, and refuse a head that has become too large."""
        self._n_head_bytes += len(data)
        super().data_received(data)
        if self._deadline is None:
            self._n_head_bytes = 0
        elif self._n_head_bytes > MAX_HEAD_BYTES:
            self._give_up(b"431 Request Header Fields Too Large")

    @override
    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._await_head()

    @override
    def on_headers_complete(self) -> None:
        """Stop waiting: the head is whole."""
        self._stop_waiting()
        super().on_headers_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: nobody is there any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(
                self.head_seconds, self._give_up, b"408 Request Timeout"
            )

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(GIVEN_UP % status)
            self.transport.close()
