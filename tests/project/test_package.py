"""The package is what it says it is, however it is installed."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import langgraph_moa
import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SHIPPED = {"tests", "benchmarks", "studio", "docs", "examples", "build", "dist"}


def test_all_is_what_is_there() -> None:
    public = {name for name in vars(langgraph_moa) if not name.startswith("_")} | set(langgraph_moa._WHEN_USED)
    ours = {"core", "evaluation", "graphs", "nodes", "prompts", "apps", "TYPE_CHECKING", "Any", "import_module"}

    assert set(langgraph_moa.__all__) == public - ours
    assert all(getattr(langgraph_moa, name) for name in langgraph_moa.__all__)
    assert langgraph_moa.__all__ == sorted(langgraph_moa.__all__)


def test_packages_are_those_of_the_tree() -> None:
    folders = {p.parent.relative_to(ROOT) for p in ROOT.glob("*/__init__.py") if p.parent.name not in NOT_SHIPPED}

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {
        "langgraph_moa",
        *(f"langgraph_moa.{folder.as_posix()}" for folder in folders),
    }


def test_importing_does_no_work_and_loads_no_provider() -> None:
    code = "\n".join(
        [
            "import sys, langgraph.graph, langchain_core.language_models",
            "before = {m.split('.')[0] for m in sys.modules}",
            "import langgraph_moa",
            "print(sorted({m.split('.')[0] for m in sys.modules} - before - set(sys.stdlib_module_names)))",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("['langgraph_moa']\n", "")


def python_files() -> list[Path]:
    folders = ["apps", "benchmarks", "core", "graphs", "nodes", "prompts", "studio", "tests"]
    return [ROOT / "__init__.py", *(p for folder in folders for p in (ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("forbidden", [r"langgraph\._internal", r"langchain_core\._", r"except BaseException"])
def test_nothing_private_is_used(forbidden: str) -> None:
    assert [p for p in python_files() if p != Path(__file__) and re.search(forbidden, p.read_text("utf-8"))] == []


def test_the_wheel_holds_everything(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    copied = shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copied)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    shipped = [
        p for folder in ("apps", "core", "graphs", "nodes", "prompts", "docs") for p in (ROOT / folder).iterdir()
    ]
    for path in [*shipped, ROOT / "__init__.py", ROOT / "py.typed"]:
        if path.is_file():
            assert f"langgraph_moa/{path.relative_to(ROOT).as_posix()}" in names
    assert not [n for n in names if n.startswith(("langgraph_moa/tests", "langgraph_moa/benchmarks", "tests"))]
