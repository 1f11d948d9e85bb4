"""`waymark demo`: the whole story on a sample academy, in a folder and on a port of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import typer
from rich.table import Table

from features.domain.errors import ConflictError, StoreUnavailableError
from training.academy import Academy, generate_academy, write_folder
from training.cli.console import err, named_failures, now, out

READY_SECONDS = 90.0
STOP_SECONDS = 15.0
N_SHOWN = 3


def demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            help="An empty or new folder to keep everything in; a temporary one if absent."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the academy.", min=0)] = 7,
) -> None:
    """Generate an academy, import, train, promote, serve, and ask for three learners."""
    with named_failures():
        home = _home(folder)
        academy = _step("Generating an academy", lambda: _generate(home, seed))
        _describe(academy)
        for title, words in (
            ("Importing its history", ("import", str(home / "academy"))),
            ("Training", ("train",)),
            ("Promoting", ("promote",)),
        ):
            _step(title, lambda words=words: _waymark(home, *words))
        key = json.loads(_waymark(home, "keys", "create", "--scope", "admin", "--json"))["key"]
        with _serving(home) as address:
            _show(academy, address, key)
    out.print(
        f"\nTo explore:  cd {home} && {Path(sys.executable).with_name('waymark')} serve\n"
        f"             then open http://127.0.0.1:8000/docs with the key {key}",
        soft_wrap=True,
        highlight=False,
    )


@dataclass(frozen=True, kw_only=True)
class _Portrait:
    """A learner to ask for, and who that is."""

    learner_id: str
    about: str


def _home(folder: Path | None) -> Path:
    if folder is None:
        return Path(mkdtemp(prefix="waymark-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(f"the folder {folder} is not empty: name a new one with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _generate(home: Path, seed: int) -> Academy:
    academy = generate_academy(seed=seed, now=now())
    write_folder(academy, home / "academy")
    return academy


def _describe(academy: Academy) -> None:
    catalogue = academy.catalogue
    out.print(
        f"  {len(academy.learners):,} learners in {len(catalogue.roles)} roles, "
        f"{len(catalogue.modules)} modules on {len(catalogue.skills)} skills, "
        f"{len(academy.interactions):,} events"
    )


def _step(title: str, action: Any) -> Any:
    """Run one step with a spinner and say how long it took."""
    started = monotonic()
    with err.status(f"{title} …"):
        result = action()
    out.print(f"{title:<24}{monotonic() - started:6.1f} s")
    return result


def _waymark(home: Path, *words: str) -> str:
    """Run a command as a user would, in the demo's folder; its text ends up in errors."""
    done = subprocess.run(  # noqa: S603 - own interpreter, fixed words
        [sys.executable, "-m", "training.cli", *words],
        cwd=home,
        env=_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ConflictError(f"`waymark {' '.join(words)}` failed:\n{done.stderr.strip()}")
    return done.stdout


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYMARK_")}
    return kept | {
        "WAYMARK_DATABASE_URL": f"sqlite:///{home / 'waymark.db'}",
        "WAYMARK_TRACKING_URI": f"sqlite:///{home / 'mlruns' / 'mlflow.db'}",
        "WAYMARK_SNAPSHOT_DIR": str(home / "mlruns" / "serving"),
        **more,
    }


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    """Run the service on a free port until the block ends; its log stays in the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (home / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "training.cli", "serve"],
            cwd=home,
            env=_environment(home, WAYMARK_PORT=str(port)),
            stdout=log,
            stderr=log,
        )
        try:
            _step("Starting the service", lambda: _wait(process, address, home))
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, home: Path) -> None:
    """Wait until the service has loaded the champion."""
    deadline = monotonic() + READY_SECONDS
    while monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310 - loopback
                if json.load(answer)["snapshot_version"] is not None:
                    return
        except (URLError, TimeoutError, ConnectionError):
            pass
        sleep(0.2)
    raise StoreUnavailableError(f"the service did not get ready; see {home / 'service.log'}")


def _show(academy: Academy, address: str, key: str) -> None:
    portraits = academy.portraits
    for portrait in (
        _Portrait(learner_id=portraits.new_hire, about="new, only a role is known"),
        _Portrait(learner_id=portraits.mid_journey, about="in the middle of a pathway"),
        _Portrait(learner_id=portraits.lapsed_expert, about="an expert whose skills have faded"),
    ):
        answer = _ask(address, key, portrait.learner_id)
        out.print()
        out.print(_table(academy, portrait, answer))


def _ask(address: str, key: str, learner_id: str) -> dict[str, Any]:
    request = Request(  # noqa: S310 - loopback
        f"{address}/v1/recommendations",
        data=json.dumps({"learner_id": learner_id, "limit": N_SHOWN}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        document: dict[str, Any] = json.load(answer)
        return document


def _table(academy: Academy, portrait: _Portrait, answer: dict[str, Any]) -> Table:
    roles = {role.role_id: role.name for role in academy.catalogue.roles}
    learner = next(one for one in academy.learners if one.learner_id == portrait.learner_id)
    role = roles.get(learner.role_id or "", "no role")
    table = Table(
        title=f"{portrait.learner_id}, {role}: {portrait.about} "
        f"(snapshot {answer['snapshot_version']})",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    table.add_column("score", justify="right")
    table.add_column("p", justify="right")
    table.add_column("module", ratio=2)
    table.add_column("why", ratio=4)
    for item in answer["items"]:
        why = " ".join(reason["text"] for reason in item["reasons"])
        table.add_row(f"{item['score']:.2f}", f"{item['p_success']:.2f}", item["title"], why)
    return table
