"""What an editor shows of a user's own file, after README's install: types, and mistakes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RIGHT = """
from langgraph_moa import ChatMoA, Report, __version__, as_tool, create_ask, create_debate, create_moa

moa = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")
debate = create_debate(proposers=["offline:words", "offline:stems"], rounds=2)
result = moa.invoke({"messages": [{"role": "user", "content": "What is 17 * 24?"}]})
run: Report = result["run"]
version: str = __version__
model, tool, asking = ChatMoA(moa=moa), as_tool(debate), create_ask(moa)
"""
WRONG = """
import langgraph_moa
from langgraph_moa import create_moa

misspelt = langgraph_moa.create_mao
number = create_moa(proposers=3, aggregator="offline:words")
"""
pytestmark = pytest.mark.soak


def readme() -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL))


def mypy(file: Path) -> list[int]:
    """Return the lines in which strict mypy finds a mistake; what it read is kept for the next."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir=../mypy", "--config-file=", file.name]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True)

    assert not re.search(r"import-(untyped|not-found)", done.stdout), done.stdout
    return sorted({int(line) for line in re.findall(r"^\w+\.py:(\d+): error", done.stdout, re.MULTILINE)})


def pyright(file: Path) -> list[int]:
    """Return the lines in which Pyright, as editors run it, finds a mistake."""
    (file.parent / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson", file.name]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True)

    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    assert [one for one in diagnostics if one.get("rule", "").startswith("reportMissing")] == []
    return sorted({one["range"]["start"]["line"] + 1 for one in diagnostics})


@pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
@pytest.mark.parametrize(
    ("text", "lines"), [(RIGHT, []), (WRONG, [5, 6]), (readme(), [])], ids=["right", "wrong", "readme"]
)
def test_a_users_own_file_is_checked(tmp_path: Path, checker: object, text: str, lines: list[int]) -> None:
    file = tmp_path / "own.py"
    file.write_text(text, encoding="utf-8")

    assert callable(checker)
    assert checker(file) == lines
