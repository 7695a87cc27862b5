"""The command `completion`: a script that knows all commands, so that a shell starts no Python to complete a line."""

import sys
from typing import Annotated

import typer

from ...core.errors import nearest
from ..mistakes import Misuse
from .bash import bash_script
from .fish import fish_script
from .known import commands_of
from .zsh import zsh_script

_SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}
_HELP = f"The shell: {', '.join(_SCRIPTS)}."


def completion(context: typer.Context, shell: Annotated[str, typer.Argument(metavar="SHELL", help=_HELP)]) -> None:
    """Print what makes a shell complete commands, options and their values.

    bash: langgraph-moa completion bash > ~/.local/share/bash-completion/completions/langgraph-moa

    zsh: langgraph-moa completion zsh > a file called _langgraph-moa in a folder of $fpath

    fish: langgraph-moa completion fish > ~/.config/fish/completions/langgraph-moa.fish
    """
    if shell not in _SCRIPTS:
        raise Misuse(f"found the shell {shell!r}, expected one that is known here; {nearest(shell, list(_SCRIPTS))}")
    sys.stdout.write(_SCRIPTS[shell](commands_of(context.find_root())))
