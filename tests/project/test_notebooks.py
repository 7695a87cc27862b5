"""The notebooks are the examples in cells, with what a kernel made of them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write them anew. The kernels are processes of this one's, and talk on 127.0.0.1."""
    folder = tmp_path_factory.mktemp("notebooks")
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "IPYTHONDIR": str(folder), "PYTHONUTF8": "1"}
    command = [sys.executable, str(FOLDER / "make.py"), "--into", str(folder)]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_there_are_two() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == ["rag", "systems"]


@pytest.mark.soak
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_what_the_command_writes(notebook: Path, written: Path) -> None:
    assert (written / notebook.name).read_bytes() == notebook.read_bytes()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_the_whole_example_and_shows_what_it_printed(notebook: Path) -> None:
    code = [cell for cell in json.loads(notebook.read_bytes())["cells"] if cell["cell_type"] == "code"]
    example = ast.parse((FOLDER.parent / f"{notebook.stem}.py").read_text("utf-8"))
    outputs: list[Any] = [output for cell in code for output in cell["outputs"]]

    ran = ast.parse("\n".join("".join(cell["source"]) for cell in code))
    assert ast.dump(ran) == ast.dump(ast.Module(example.body[1:], []))
    assert [output["name"] for output in outputs] == ["stdout"]
