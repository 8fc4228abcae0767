"""The commands by name: a command's module is imported when it is called or listed, since some take a second."""

import gc
from importlib import import_module
from types import ModuleType
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

NAMES = ("run", "demo", "check", "explain", "events", "broker", "simulate", "dead-letters", "topics", "schemas")


class Commands(TyperGroup):
    """The group of `relay`: the module of each command has its Typer app."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as Typer calls it
        """Return the names in the order of the help."""
        return list(NAMES)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a name; what a misspelt one may mean is suggested from `commands`."""
        self.commands = dict.fromkeys(NAMES)  # type: ignore[assignment]  # only the names are looked at
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as Typer calls it
        """Import a command; None if there is none of this name."""
        if cmd_name not in NAMES:
            return None
        command = get_command(_imported(f"relay.commands.{cmd_name.replace('-', '_')}").app)
        command.name = cmd_name
        return command


def _imported(name: str) -> ModuleType:
    """Import a module, and keep the garbage collector from what stays for good: that takes a tenth of the time."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()
