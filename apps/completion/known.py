"""What can be completed: commands, their options, and the values of those that have some."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from ...core.models.presets import presets
from ...core.offline.library import Variant
from ...evaluation.interchange.forms import FILE_FORMS
from ..batch.formats import FORMATS
from ..command_line import listed_values
from ..settings.systems import SystemName

PROGRAM = "langgraph-moa"
_FILES = {"FILE", "PATH", "DIR", "IN", "OUT", "QUESTIONS"}
"""Metavars of what is a file's name."""


class KnownOption(NamedTuple):
    """Say of an option what a shell shows of it."""

    names: list[str]
    help: str
    takes_value: bool
    values: list[str]
    is_file: bool
    """Whether a file may be its value, besides those."""


class KnownCommand(NamedTuple):
    """Say of a command what may stand after it."""

    name: str
    help: str
    options: list[KnownOption]
    words: list[str]
    """What may be its arguments, where they are listed."""
    takes_files: bool


def commands_of(program: Any) -> list[KnownCommand]:
    """Look at every command of a program.

    Args:
        program: The context that it runs in.
    """
    group = program.command
    names = group.list_commands(program)
    return [_known(program, name, group.resolve_command(program, [name])[1], names) for name in names]


def _known(program: Any, name: str, command: Any, names: Sequence[str]) -> KnownCommand:
    params = command.get_params(program)
    arguments = [param.metavar for param in params if param.param_type_name == "argument"]
    words = {"COMMAND": list(names), "SHELL": ["bash", "zsh", "fish"]}
    return KnownCommand(
        name,
        _line(command.help),
        [_option(name, param) for param in params if param.param_type_name == "option"],
        [word for metavar in arguments for word in words.get(metavar, [])],
        takes_files=any(metavar in _FILES for metavar in arguments),
    )


def _option(command: str, option: Any) -> KnownOption:
    flag = max(option.opts, key=len)
    listed = _VALUES.get((command, flag)) or _VALUES.get(("", flag))
    values = listed_values(option) or (listed() if listed else [])
    is_file = option.metavar in _FILES or (command, flag) in _OR_A_FILE
    return KnownOption(
        [*sorted(option.opts, key=len), *option.secondary_opts], _line(option.help), not option.is_flag, values, is_file
    )


def _line(text: str | None) -> str:
    return (text or "").split("\n")[0].rstrip(".")


def _models() -> list[str]:
    listed = [model for preset in presets().values() for model in [*preset["proposers"], preset["aggregator"]]]
    return list(dict.fromkeys([*(f"offline:{variant}" for variant in get_args(Variant)), *listed]))


_VALUES: Mapping[tuple[str, str], Callable[[], list[str]]] = {
    ("", "--preset"): lambda: list(presets()),
    ("", "--proposer"): _models,
    ("", "--aggregator"): _models,
    ("", "--moderator"): _models,
    ("", "--analyst"): _models,
    ("", "--judge"): _models,
    ("batch", "--format"): lambda: list(FORMATS),
    ("convert", "--from"): lambda: list(FILE_FORMS),
    ("convert", "--to"): lambda: list(FILE_FORMS),
    ("compare", "--system"): lambda: [*get_args(SystemName), *_models()],
    ("compare", "--grader"): lambda: ["answer", "exact", "judge", "score"],
    ("compare", "--equal"): lambda: ["calls", "tokens", "usd"],
}
"""Values that an option lists in words only, by command; those of no command are every command's."""
_OR_A_FILE = {("compare", "--system"), ("compare", "--grader")}
