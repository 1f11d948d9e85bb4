"""`waymark keys`: API keys."""

from typing import Annotated

import typer

from features.settings import read_settings
from features.store.keys import CreatedKey
from training.cli.console import JsonFlag, named_failures, now, out, print_json, workspace_of

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="API keys: shown once, stored hashed."
)


@app.command()
def create(
    scope: Annotated[
        list[str],
        typer.Option(
            help="May be given several times: recommend, events, catalogue, experiments, "
            "analytics, admin."
        ),
    ],
    *,
    json: JsonFlag = False,
) -> None:
    """Create a key and print it, once."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        workspace.transaction() as repositories,
    ):
        made = repositories.keys.create(scope, now())
        repositories.audit.add(
            at=now(),
            actor="command line",
            action="key.create",
            subject=made.key_id,
            detail={"scopes": list(made.scopes)},
        )
    _show(made, json=json)


@app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")],
    *,
    json: JsonFlag = False,
) -> None:
    """Revoke a key and print a new one with the same scopes, once."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        workspace.transaction() as repositories,
    ):
        made = repositories.keys.rotate(key_id, now())
        repositories.audit.add(
            at=now(),
            actor="command line",
            action="key.rotate",
            subject=key_id,
            detail={"key_id": made.key_id},
        )
    _show(made, json=json)


def _show(made: CreatedKey, *, json: bool) -> None:
    if json:
        print_json({"key_id": made.key_id, "key": made.key, "scopes": list(made.scopes)})
    else:
        out.print(f"Key {made.key_id} for {', '.join(made.scopes)}; it is not shown again:")
        out.print(made.key, markup=False, highlight=False, soft_wrap=True)


@app.command(name="list")
def list_keys() -> None:
    """List keys and their scopes, never the keys themselves."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        workspace.reading() as repositories,
    ):
        keys = repositories.keys.list()
    for key in keys:
        state = "revoked" if key.revoked_at else "active"
        out.print(f"{key.key_id}  {state:<8}  {', '.join(key.scopes)}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Revoke a key; requests with it are refused from then on."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        workspace.transaction() as repositories,
    ):
        repositories.keys.revoke(key_id, now())
        repositories.audit.add(
            at=now(), actor="command line", action="key.revoke", subject=key_id, detail={}
        )
    out.print(f"Key {key_id} is revoked.")
