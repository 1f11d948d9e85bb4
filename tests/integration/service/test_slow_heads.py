"""Clients that never end the head of a request are given up, over real uvicorn."""

import socket
import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from service_runs import wait_until

from service.app import create_app
from service.protocol import MAX_HEAD_BYTES, BoundedProtocol


class Hasty(BoundedProtocol):
    """Waits a short while."""

    head_seconds = 0.3


@pytest.fixture
def address(settings):
    """A service that is hasty, and where it listens."""
    config = uvicorn.Config(create_app(settings), http=Hasty, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)


@contextmanager
def connected(address, sent):
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(sent)
        yield connection


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_end_is_given_up(address, sent):
    with connected(address, sent) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
        assert connection.recv(100) == b""


def test_a_second_head_is_given_up_as_well(address):
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(address, whole) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(whole[:10])
        assert b"408" in connection.recv(4096)


def test_a_head_without_end_is_refused(address):
    with connected(
        address, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2 * MAX_HEAD_BYTES
    ) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


def test_others_are_answered_meanwhile_and_large_bodies_are_no_large_heads(address):
    host, port = address
    with connected(address, b"GET "), httpx.Client(base_url=f"http://{host}:{port}") as client:
        assert client.post("/v1/events", content=b"x" * 1_000_000).status_code == 401
        assert client.get("/healthz").status_code == 200
