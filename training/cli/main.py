"""The wiring place of the command line; what a command needs is imported when it is called."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from training.cli.console import leave_tables_whole, out, quiet_libraries
from training.memory import return_large_blocks

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo", "demo"),
    "import": ("import_folder", "import_histories"),
    "train": ("train", "train"),
    "evaluate": ("evaluate", "evaluate"),
    "tune": ("tune", "tune"),
    "promote": ("promote", "promote"),
    "rollback": ("promote", "rollback"),
    "golden": ("golden", "golden"),
    "drift": ("drift", "drift"),
    "card": ("card", "card"),
    "content": ("content", "content"),
    "personas": ("personas", "personas"),
    "lineage": ("lineage", "lineage"),
    "retention": ("retention", "retention"),
    "serve": ("serve", "serve"),
    "simulate": ("simulate", "simulate"),
    "experiment": ("experiments", "app"),
    "keys": ("keys", "app"),
}


class _Commands(Mapping[str, Any]):
    """Commands by name, each loaded when it is looked up: together they take seconds."""

    def __getitem__(self, name: str) -> Any:
        module, within = COMMANDS[name]
        found = getattr(import_module(f"training.cli.{module}"), within)
        if not isinstance(found, typer.Typer):
            found = _alone(name, found)
        command = get_command(found)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _alone(name: str, function: Any) -> typer.Typer:
    alone = typer.Typer(add_completion=False)
    alone.command(name)(function)
    return alone


class _Waymark(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]


app = typer.Typer(
    name="waymark",
    cls=_Waymark,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def waymark() -> None:
    """Decides which module a learner should take next, why, and what it will change.

    Settings are environment variables that start with WAYMARK_; docs/settings.md lists them.
    """


def main() -> None:
    """Run the command line."""
    quiet_libraries()
    leave_tables_whole(out)
    return_large_blocks()
    app()
