"""`waymark personas`: the segments of learners that a version tells apart, in words and figures."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from features.domain.errors import NotFoundError
from features.score.scorer import PERSONAS
from features.settings import read_settings
from features.store.registry import CHALLENGER, CHAMPION, Registry
from features.store.snapshots import read_snapshot
from training.cli.console import JsonFlag, err, named_failures, out, print_json, table_of
from training.personas.account import heading_of, rows_of, said_of


def personas(
    version: Annotated[
        str | None,
        typer.Argument(help="A version of the model; the challenger otherwise, else the champion."),
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Show the segments of learners that a version discovered from what they do."""
    with named_failures(), err.status("opening the tracking store …"):
        settings = read_settings()
        registry = Registry(settings.tracking_uri, settings.model_name)
        chosen, document = read_personas(registry, version)
    if json_output:
        print_json({"version": chosen, **document})
        return
    for line in said_of(document):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    for each in document["personas"]:
        columns = ("what they do", "95 % interval")
        out.print(table_of(f"\n{heading_of(each)}", columns, rows_of(each)))


def read_personas(registry: Registry, version: str | None) -> tuple[str, Mapping[str, Any]]:
    """Return a version and what it says of personas.

    Raises
    ------
    NotFoundError
        If there is no such version, none at all, or it was trained before there were personas.
    RegistryError
        If it cannot be fetched.
    SnapshotError
        If it cannot be read.
    """
    chosen = version or registry.version_of(CHALLENGER) or registry.version_of(CHAMPION)
    if chosen is None:
        raise NotFoundError("there is no version yet: `waymark train` registers one")
    with TemporaryDirectory() as scratch:
        folder = registry.fetch(chosen, Path(scratch) / chosen)
        manifest = read_snapshot(folder, chosen).manifest
    if PERSONAS not in manifest:
        raise NotFoundError(f"version {chosen} was trained before there were personas: train again")
    return chosen, manifest[PERSONAS]
