"""What can be completed is what the commands take."""

from typing import get_args

import pytest
import typer
from langgraph_moa.apps.completion.known import KnownCommand, KnownOption, commands_of
from langgraph_moa.apps.program import COMMANDS, app
from langgraph_moa.apps.settings.systems import SystemName
from langgraph_moa.core.models.presets import presets


@pytest.fixture(scope="module")
def known() -> dict[str, KnownCommand]:
    program = typer.main.get_command(app).make_context("langgraph-moa", ["models"])
    return {command.name: command for command in commands_of(program)}


def option(command: KnownCommand, name: str) -> KnownOption:
    return next(option for option in command.options if name in option.names)


def test_every_command_is_known_with_its_options(known: dict[str, KnownCommand]) -> None:
    assert list(known) == list(COMMANDS)
    for command in known.values():
        assert option(command, "--help").names == ["-h", "--help"]
        assert command.help == COMMANDS[command.name].help.rstrip(".")


def test_what_has_values_has_all_of_them(known: dict[str, KnownCommand]) -> None:
    assert option(known["ask"], "--system").values == list(get_args(SystemName))
    assert option(known["ask"], "--preset").values == list(presets())
    assert {"offline:words", *get_args(SystemName)} <= set(option(known["compare"], "--system").values)
    assert option(known["batch"], "--format").values == ["alpaca_eval", "mt_bench", "flask"]
    assert known["help"].words == list(COMMANDS)
    assert not option(known["ask"], "--layers").values


def test_files_are_told_from_words(known: dict[str, KnownCommand]) -> None:
    assert [name for name, command in known.items() if command.takes_files] == [
        "batch",
        "calibrate",
        "compare",
        "convert",
    ]
    assert option(known["ask"], "--docs").is_file
    assert option(known["graph"], "--png").is_file
    assert not option(known["ask"], "--thread").is_file
    assert not option(known["ask"], "--json").takes_value
