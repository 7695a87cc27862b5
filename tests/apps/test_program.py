"""Commands are listed without being imported, and are what they are listed as."""

import json
import subprocess
import sys

import pytest
from commands import Run
from langgraph_moa.apps.program import COMMANDS, app, command_of
from syrupy.assertion import SnapshotAssertion
from tables import each
from typer.testing import CliRunner

HEAVY = {"aiohttp", "asyncio", "langchain_core", "langgraph", "langsmith", "openai", "rich", "yaml"}
LOADED = """
import json, sys
from langgraph_moa.apps.cli import main
try:
    main()
except SystemExit as exc:
    code = exc.code or 0
print(json.dumps([code, sorted(sys.modules)]))
"""


@each("name", COMMANDS)
def test_a_command_is_listed_by_the_first_line_of_its_own(name: str) -> None:
    command = command_of(name)

    assert command.name == name
    assert command.help.split("\n")[0] == COMMANDS[name].help


@pytest.mark.parametrize("columns", [60, 100])
def test_the_help_of_all(monkeypatch: pytest.MonkeyPatch, run: Run, columns: int, snapshot: SnapshotAssertion) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    assert run("--help") == snapshot


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each(name: str, snapshot: SnapshotAssertion) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], prog_name="langgraph-moa", terminal_width=100)

    assert shown.output == snapshot


@pytest.mark.parametrize(
    ("arguments", "code"), [("--help", 0), ("", 0), ("--version", 0), ("aks", 2), ("--frob", 2)], ids=str
)
def test_what_needs_no_command_imports_none(arguments: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments.split()], capture_output=True, text=True, check=True
    )

    ended, modules = json.loads(done.stdout.splitlines()[-1])
    loaded = {module.split(".")[0] for module in modules}
    assert ended == code
    assert loaded & HEAVY <= ({"rich", "asyncio"} if code else set())


def test_a_command_imports_no_other() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, "ask", "--help"], capture_output=True, text=True, check=True)

    modules = json.loads(done.stdout.splitlines()[-1])[1]
    ours = {module.split(".")[2] for module in modules if module.startswith("langgraph_moa.apps.")}
    assert {"ask", "settings"} <= ours
    assert not {"batch", "calibrate", "compare", "mcp", "models", "plotting"} & ours
    assert not {"yaml", "sqlite3", "openai", "langchain_openai"} & {module.split(".")[0] for module in modules}
