"""`waymark card`: what a registered version is, how good, and where it is weak."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from features.domain.errors import NotFoundError
from features.settings import read_settings
from features.store.registry import CHALLENGER, CHAMPION, Registry
from training.cli.console import err, named_failures, out
from training.train import CARD_FILE


def card(
    version: Annotated[
        str | None,
        typer.Argument(help="A version of the model; the challenger otherwise, else the champion."),
    ] = None,
) -> None:
    """Print the model card of a version, in Markdown."""
    with named_failures(), err.status("opening the tracking store …"):
        settings = read_settings()
        text = read_card(Registry(settings.tracking_uri, settings.model_name), version)
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def read_card(registry: Registry, version: str | None) -> str:
    """Return the card of a version.

    Raises
    ------
    NotFoundError
        If there is no such version, or none at all.
    RegistryError
        If the version's run keeps no card.
    """
    chosen = version or registry.version_of(CHALLENGER) or registry.version_of(CHAMPION)
    if chosen is None:
        raise NotFoundError("there is no version yet: `waymark train` registers one")
    run_id = registry.version(chosen).run_id
    with TemporaryDirectory() as scratch:
        return registry.fetch_file(run_id, CARD_FILE, Path(scratch)).read_text()
