"""The package is what it says it is, however it is installed."""

import ast
import email
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import langgraph_moa
import pytest
import yaml
from trove_classifiers import classifiers

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]
NOT_SHIPPED = {"tests", "benchmarks", "studio", "docs", "examples", "build", "dist"}


def test_all_is_what_is_there() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    homes = {name.name: "." * node.level + str(node.module) for node in imports for name in node.names}

    assert homes == langgraph_moa._HOMES
    assert langgraph_moa.__all__ == sorted(homes) == list(langgraph_moa._HOMES)
    assert all(getattr(langgraph_moa, name) for name in langgraph_moa.__all__)


def test_dir_names_everything_and_the_version() -> None:
    names = dir(langgraph_moa)

    assert {*langgraph_moa.__all__, "__version__", "__name__"} <= set(names)
    assert names == sorted(set(names))
    folders = {"apps", "core", "evaluation", "graphs", "nodes", "prompts"}
    assert {name for name in names if not name.startswith("_")} - folders == set(langgraph_moa.__all__)
    assert langgraph_moa.__version__ == VERSION
    with pytest.raises(AttributeError, match="has no attribute 'create_mao'"):
        getattr(langgraph_moa, "create_mao")  # noqa: B009


def test_a_name_is_looked_for_once() -> None:
    """What is used in an interpreter that ends is there, where nothing can be imported any more."""
    assert langgraph_moa.create_moa is vars(langgraph_moa)["create_moa"]


def test_packages_are_those_of_the_tree() -> None:
    folders = {p.parent.relative_to(ROOT) for p in [*ROOT.glob("*/__init__.py"), *ROOT.glob("*/*/__init__.py")]}
    folders = {folder for folder in folders if folder.parts[0] not in NOT_SHIPPED and folder.parts[0][0] != "."}

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {
        "langgraph_moa",
        *(".".join(("langgraph_moa", *folder.parts)) for folder in folders),
    }


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ("sys", "import langgraph_moa"),
        ("langgraph.graph, langchain_core.language_models", "from langgraph_moa import create_moa"),
    ],
)
def test_importing_does_no_work_and_loads_no_provider(before: str, then: str) -> None:
    code = "\n".join(
        [
            f"import sys, {before}",
            "before = {m.split('.')[0] for m in sys.modules}",
            then,
            "print(sorted({m.split('.')[0] for m in sys.modules} - before - set(sys.stdlib_module_names)))",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("['langgraph_moa']\n", "")


def python_files() -> list[Path]:
    folders = ["apps", "benchmarks", "core", "evaluation", "graphs", "nodes", "prompts", "studio", "tests"]
    return [ROOT / "__init__.py", *(p for folder in folders for p in (ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("forbidden", [r"langgraph\._internal", r"langchain_core\._", r"except BaseException"])
def test_nothing_private_is_used(forbidden: str) -> None:
    assert [p for p in python_files() if p != Path(__file__) and re.search(forbidden, p.read_text("utf-8"))] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build it as `pip wheel .` does, of a copy: a build leaves things behind."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    copied = shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    subprocess.run([*command, "--wheel-dir", str(folder), str(copied)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_everything(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    rooms = ("apps", "core", "evaluation", "graphs", "nodes", "prompts")
    shipped = [p for room in rooms for p in (ROOT / room).rglob("*.*") if p.is_file() and p.suffix != ".pyc"]
    shipped += [p for p in (ROOT / "docs").iterdir() if p.is_file()]
    for path in [*shipped, ROOT / "__init__.py", ROOT / "py.typed"]:
        assert f"langgraph_moa/{path.relative_to(ROOT).as_posix()}" in names
    assert {name.split("/")[0] for name in names} == {"langgraph_moa", f"langgraph_moa-{VERSION}.dist-info"}
    assert not [
        n for n in names if n.startswith(("langgraph_moa/tests", "langgraph_moa/benchmarks", "langgraph_moa/setup"))
    ]


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    told = email.message_from_bytes(wheel.read(f"langgraph_moa-{VERSION}.dist-info/METADATA"))

    assert (told["Version"], told["License-Expression"], told["Description-Content-Type"]) == (
        VERSION,
        "MIT",
        "text/markdown",
    )
    assert set(told.get_all("Classifier", [])) <= classifiers
    assert str(told.get_payload()).startswith("# langgraph-moa\n")
    assert "](docs/" not in str(told.get_payload())
    assert set(PROJECT["project"]["optional-dependencies"]) == set(told.get_all("Provides-Extra", []))


def test_the_version_is_the_changelogs() -> None:
    """The newest section is either what is under way, or the version that is about to be published."""
    sections = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    dated = [section for section in sections if section != "Unreleased"]

    assert re.fullmatch(rf"{re.escape(VERSION)} - \d{{4}}-\d\d-\d\d", dated[0])
    assert "Unreleased" not in sections[1:]


def test_every_supported_python_is_named_alike() -> None:
    stated = PROJECT["project"]["classifiers"]
    minors = [one.rpartition(" :: ")[2] for one in stated if re.search(r":: 3\.\d+$", one)]

    assert minors == sorted(minors, key=lambda minor: int(minor[2:]))
    assert PROJECT["project"]["requires-python"] == f">={minors[0]}"
    assert re.findall(r"^supported=\((.*)\)$", (ROOT / ".ci" / "wheel").read_text("utf-8"), re.M) == [" ".join(minors)]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert {job["strategy"]["matrix"]["python"][-1] for job in workflow["jobs"].values() if "strategy" in job} == {
        minors[-1]
    }
