"""The command `help`."""

import sys
from typing import Annotated

import typer


def show_help(
    context: typer.Context,
    command: Annotated[
        str | None, typer.Argument(metavar="COMMAND", help="The command; the program where not given.")
    ] = None,
) -> None:
    """Show what the program does, or a command."""
    program = context.find_root()
    if command is None:
        sys.stdout.write(program.get_help() + "\n")
        return
    name, listed, _ = program.command.resolve_command(program, [command])  # type: ignore[attr-defined]
    listed.make_context(name, ["--help"], parent=program)
