"""Runs the service: in-process for most tests, over real uvicorn for a few."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from features.domain.recommendation import RequestContext
from features.settings import Settings
from features.store.workspace import Workspace
from service.app import create_app
from service.inquiry import Inquiry
from service.recommend import recommend_all
from service.schemas.recommendations import RecommendationView
from service.state import Service


class InProcess(httpx.BaseTransport):
    """Hands requests to an app that runs on another thread's event loop."""

    def __init__(
        self, app: FastAPI, portal: BlockingPortal, state: dict[str, Any], raise_faults: bool
    ) -> None:
        async def with_state(scope, receive, send) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        self._portal = portal
        self._app = httpx.ASGITransport(with_state, raise_app_exceptions=raise_faults)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._send, request, request.read())

    async def _send(self, request: httpx.Request, content: bytes) -> httpx.Response:
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=content)
        response = await self._app.handle_async_request(copy)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body)


@contextmanager
def running(settings: Settings, raise_faults: bool = True) -> Iterator[httpx.Client]:
    """Run an app with its lifespan and give a client without a key.

    A fault of the service is raised here, where the test can see it, instead of answered as 500.
    """
    app = create_app(settings)
    with start_blocking_portal() as portal:
        lifespan = portal.wrap_async_context_manager(app.router.lifespan_context(app))
        with lifespan as state:
            transport = InProcess(app, portal, state, raise_faults)
            with httpx.Client(transport=transport, base_url="http://waymark") as client:
                yield client


def ask_about(service: Service, *learner_ids: str) -> list[RecommendationView | Exception]:
    """Ask for learners together, as the desk does, and read the answers."""
    now = datetime.now(UTC)
    answers = recommend_all(
        service,
        [
            Inquiry(learner_id=learner_id, context=RequestContext(), asked_at=now)
            for learner_id in learner_ids
        ],
    )
    return [
        RecommendationView.model_validate_json(each) if isinstance(each, str) else each
        for each in answers
    ]


@contextmanager
def listening(settings: Settings) -> Iterator[str]:
    """Run an app in a real uvicorn on a free port and give its URL."""
    with listening_server(settings) as (url, _):
        yield url


@contextmanager
def listening_server(
    settings: Settings, grace_seconds: int | None = None
) -> Iterator[tuple[str, uvicorn.Server]]:
    """Run an app as `listening` does and give its server too."""
    config = uvicorn.Config(
        create_app(settings),
        log_level="critical",
        lifespan="on",
        timeout_graceful_shutdown=grace_seconds,
    )
    server = uvicorn.Server(config)
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
        server.should_exit = True
        thread.join(10)


def wait_until(fact: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something another thread or process brings about."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def make_key(database_url: str, *scopes: str) -> str:
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        return repositories.keys.create(scopes, datetime.now(UTC)).key


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def fill(client: httpx.Client) -> None:
    """Describe two skills, five modules and a role."""
    answer = client.post("/v1/catalogue", json=CATALOGUE)
    assert answer.status_code == 200, answer.text


CATALOGUE = {
    "skills": [
        {"skill_id": "counting", "name": "Counting"},
        {"skill_id": "judging", "name": "Judging"},
    ],
    "skill_edges": [{"skill_id": "counting", "precedes_skill_id": "judging"}],
    "modules": [
        {
            "module_id": f"counting-{level}",
            "title": f"Counting, part {level}",
            "format": "video",
            "duration_minutes": 10 * level,
            "difficulty": 0.2 * level,
            "skills": [{"skill_id": "counting", "weight": 1}],
        }
        for level in (1, 2, 3)
    ]
    + [
        {
            "module_id": "judging-1",
            "title": "Judging",
            "format": "workshop",
            "duration_minutes": 60,
            "difficulty": 0.5,
            "skills": [{"skill_id": "judging"}],
            "prerequisites": [{"requires_module_id": "counting-1"}],
        },
        {"module_id": "quiz", "kind": "question", "skills": [{"skill_id": "counting"}]},
    ],
    "roles": [
        {
            "role_id": "clerk",
            "name": "Clerk",
            "requirements": [
                {"skill_id": "counting", "target": 0.8, "weight": 2},
                {"skill_id": "judging", "target": 0.6},
            ],
        }
    ],
}
