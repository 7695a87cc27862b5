"""Each example runs as a user would run it, without a key and a network, and prints what is kept here."""

import ast
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

FOLDER = Path(__file__).parents[1] / "examples"
OTHERS = [FOLDER / f"{name}.py" for name in ("deep_agent", "inspect_task", "mcp_tools", "openai_endpoint")]
"""What tests/others run, in an environment of its own."""
EXAMPLES = sorted({*FOLDER.glob("*.py")} - {*OTHERS})
ALLOWED = {"langgraph_moa", "langchain", "langgraph", "pydantic", "typing_extensions"}
ALSO = {
    "supervisor": {"langgraph_supervisor"},
    "swarm": {"langgraph_swarm"},
    "middleware": {"langchain_core"},
    "deep_agent": {"deepagents"},
    "inspect_task": {"inspect_ai"},
    "mcp_tools": {"langchain_mcp_adapters", "mcp"},
    "openai_endpoint": {"openai"},
}
WARNINGS = ["error", "ignore:create_react_agent has been moved:DeprecationWarning"]
"""The second is langgraph-supervisor's own doing."""

OFFLINE = """
import os, sys

def refuse(event, args):
    away = event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(args[1], tuple))
    if away:
        os.write(2, f"found {event} {args!r}, expected no network".encode())
        os._exit(70)

sys.addaudithook(refuse)
"""
"""What Python imports as `sitecustomize` before it runs an example."""


def test_examples_are_found() -> None:
    assert len(EXAMPLES) >= 13


@pytest.mark.filterwarnings(WARNINGS[1])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_should(
    example: Path, capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    runpy.run_path(str(example), run_name="__main__")

    out, err = capsys.readouterr()
    assert err == ""
    assert out == snapshot


GENERATED = {
    "return a + b": 3,
    "return 4": 1,
    "return [0] * 10**9": 0,
    "print('1\\n' * 10**6, flush=True); return a + b": 3,
    "import os; os.write(1, b'9' * 10**6)": 0,
    "import subprocess; subprocess.run(['echo', '5']); return a + b": 3,
    "raise SystemExit(0)": 0,
    "import os; os.fork() or __import__('time').sleep(600); return a + b": 3,
}


@pytest.mark.skipif(sys.platform == "win32", reason="it is for Linux and macOS")
def test_generated_code_is_kept_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = runpy.run_path(str(FOLDER / "code.py"))["passed"]
    signals: list[int] = []
    kill = os.killpg

    def note(group: int, number: int) -> None:
        signals.append(number)
        kill(group, number)

    monkeypatch.setattr(os, "killpg", note)

    results = {body: passed(f"```python\ndef add(a, b): {body}\n```") for body in GENERATED}

    assert results == GENERATED
    assert signals == [signal.SIGKILL] * len(GENERATED)


@pytest.mark.soak
@pytest.mark.filterwarnings(WARNINGS[1])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_it_in_a_process_of_its_own(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(example), run_name="__main__")
    in_this_one = capsys.readouterr().out
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    command = [sys.executable, *(f"-W{rule}" for rule in WARNINGS), str(example)]
    clean = {"HOME": str(tmp_path), "PYTHONPATH": str(site), "PYTHONUTF8": "1"}

    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, encoding="utf-8", timeout=120)

    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == in_this_one != ""


@pytest.mark.parametrize("example", EXAMPLES + OTHERS, ids=lambda path: path.stem)
def test_an_example_is_short_says_what_it_shows_and_needs_nothing_else(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    tree = ast.parse(text)
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names

    assert packages <= ALLOWED | ALSO.get(example.stem, set())
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 45


def test_an_example_has_no_network(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"

    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True)

    assert done.returncode == 70
