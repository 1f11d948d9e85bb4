"""`waymark lineage`: which versions were trained with a learner, or with any who were erased."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from features.settings import read_settings
from features.store.registry import Registry
from features.store.tombstones import hash_of
from training.cli.console import (
    JsonFlag,
    err,
    named_failures,
    out,
    print_json,
    table_of,
    workspace_of,
)
from training.lineage import Lineage, lineage_of

UNKNOWN = "not kept"


def lineage(
    learner_id: Annotated[
        str | None,
        typer.Argument(help="Whom to look for; everybody who was erased otherwise."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show which versions were trained with a learner, or with learners erased since."""
    with named_failures(), err.status("opening the tracking store …"):
        settings = read_settings()
        with workspace_of(settings) as workspace, workspace.reading() as repositories:
            erased = repositories.learners.erased()
        hashes = list(erased) if learner_id is None else [hash_of(learner_id)]
        found = lineage_of(Registry(settings.tracking_uri, settings.model_name), hashes)
    erased_at = None if learner_id is None else erased.get(hash_of(learner_id))
    if json:
        print_json(
            {
                "learner_id": learner_id,
                "erased_at": None if erased_at is None else erased_at.isoformat(),
                "n_erased": len(erased),
                "versions": [asdict(each) for each in found],
            }
        )
        return
    if learner_id is None:
        out.print(f"{len(erased):,} learners were erased.")
    elif erased_at is not None:
        out.print(f"Erased at {erased_at:%Y-%m-%d %H:%M} UTC.", highlight=False)
    out.print(_table(found, learner_id))


def _table(found: Sequence[Lineage], learner_id: str | None) -> Table:
    what = "erased since" if learner_id is None else "trained with them"
    rows: list[tuple[str, ...]] = [
        (
            each.version,
            ", ".join(each.aliases),
            UNKNOWN if each.n_learners is None else f"{each.n_learners:,}",
            _said(each.n_asked, one=learner_id is not None),
        )
        for each in found
    ]
    return table_of("Versions", ("version", "aliases", "learners", what), rows)


def _said(n_asked: int | None, *, one: bool) -> str:
    if n_asked is None:
        return UNKNOWN
    return ("yes" if n_asked else "no") if one else f"{n_asked:,}"
