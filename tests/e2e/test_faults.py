"""Faults on purpose, over real processes; `benchmarks/faults.py` repeats them many times."""

import signal
import socket
import sys
from pathlib import Path

import pytest

from features.store.registry import Registry

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
faults = __import__("faults")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
EVENT = b'{"events": [{"learner_id": "ada", "module_id": "m", "event": "viewed", "at": "%s"}]}'


def require_whole(found):
    assert found.n > 0
    assert (found.lost, found.twice, found.mixed, found.failed) == (0, 0, 0, ())


def test_what_was_acknowledged_outlives_a_killed_worker(tmp_path):
    require_whole(faults.kill_workers(faults.settings_in(tmp_path), 1))


def test_what_was_acknowledged_outlives_a_killed_database(tmp_path, start_postgresql):
    with faults.postgresql(start_postgresql) as server:
        settings = faults.settings_in(tmp_path, server.get_uri())
        require_whole(faults.kill_postgresql(settings, server, 1))


def test_a_full_disk_stops_writes_and_no_answers(tmp_path):
    require_whole(faults.fill_disk(faults.settings_in(tmp_path), 2))


@pytest.mark.slow
def test_promotions_under_load_fail_and_mix_nothing(tmp_path, prepare_tracking):
    prepare_tracking(tmp_path)
    settings = faults.settings_in(tmp_path)
    registry = Registry(settings.tracking_uri, settings.model_name)
    require_whole(faults.promote_under_load(settings, registry, 3))


def test_more_than_can_be_taken_is_refused_at_once_and_what_was_taken_is_finished(tmp_path):
    settings = faults.settings_in(tmp_path).model_copy(update={"max_in_flight": 1})
    with faults.serving(settings) as service:
        with faults.Load(service=service, act=faults.send) as load:
            load.progress(10)
        require_whole(faults.judge("burst", 1, load))  # with nothing but 200 or 503 to wait
        body = EVENT % faults.AT.encode()
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", settings.port)) as connection:
            connection.sendall(head.encode() + body[:10])
            with service.client() as client:
                faults.wait_until(lambda: client.get("/v1/nothing").status_code == 503)
                assert client.get("/v1/nothing").headers["retry-after"]
                assert client.get("/healthz").status_code == 200
            service.process.send_signal(signal.SIGTERM)
            faults.wait_until(lambda: not listens(settings.port))
            connection.sendall(body[10:])
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
