"""What docs/extending.md says is so: its code does what it is said to do, and its lists of files are whole."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from recipes import GENERATED, RECIPES, ROOT, changed, copy_project, follow

SECTIONS: dict[str, str] = {
    title: text
    for section in (ROOT / "docs" / "extending.md").read_text(encoding="utf-8").split("\n## ")[1:]
    for title, _, text in [section.partition("\n")]
}
CHECKS = """
import json, os
from typer.testing import CliRunner

import langgraph_moa
from langgraph_moa import EarlyStop, InputError, LinesRetriever, create_moa, create_rag_moa, last_words
from langgraph_moa.core.models import credentials, resolve
from langgraph_moa.apps.program import app
from loopback import serve

THREE = ["offline:words", "offline:stems", "offline:phrases"]
def user(text):
    return {"messages": [{"role": "user", "content": text}]}

flags = [part for model in THREE[:2] for part in ("--proposer", model)]
ask = ["ask", "What is 17 * 24?", "--system", "relay", *flags, "--aggregator", THREE[2], "--json"]
asked = CliRunner().invoke(app, ask)

def why_not(text):
    return "it is about cats" if "cat" in text else None

guarded = create_moa(proposers=THREE[:1], aggregator=THREE[0], guard=why_not)
refused = ""
try:
    guarded.invoke(user("Which cat?"))
except InputError as exc:
    refused = str(exc)
stop = EarlyStop(then="answer", agreement=last_words)
agreed = create_moa(proposers=THREE, aggregator=THREE[0], early_stop=stop).invoke(user("What is 17 * 24?"))
lines = LinesRetriever(lines=("The pump is oiled each spring.",))
rag = create_rag_moa(retrievers=[lines], proposers=THREE[:1], aggregator=THREE[0])
with serve() as server:
    credentials._ADDRESSES["acme"] = (), server.url
    os.environ["ACME_API_KEY"] = "theirs"
    provided = create_moa(proposers=["acme:a", "acme:b"], samples=2, aggregator="acme:c").invoke(user("Which?"))
    sent = sorted([request.model, request.n] for request in server.requests)
    resolve.resolve_model("acme:a", base_url=server.url).invoke("Which?")
    keys = [request.headers["Authorization"] for request in server.requests]
print(json.dumps({
    "file": langgraph_moa.__file__,
    "asked": json.loads(asked.stdout),
    "drawn": list(guarded.get_graph().nodes),
    "refused": refused,
    "agreed": [agreed["run"]["stopped"], agreed["verdicts"][0]["agreement"]["measure"]],
    "found": rag.invoke(user("When is the pump oiled?"))["messages"][-1].text,
    "provided": [provided["messages"][-1].text, sent, keys[:3], keys[3:]],
}))
"""


def ran(section: str) -> dict[str, Any]:
    """Run a section's code, and return what it names."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "extending.md", "exec"), names)
    return names


def files_named(section: str) -> list[str]:
    """Return the files to touch, in their order."""
    return re.findall(r"^\d+\. `([^`]+)`: .", SECTIONS[section], re.MULTILINE)


def test_every_section_has_code_and_a_recipe() -> None:
    assert SECTIONS.keys() == RECIPES.keys()
    assert all(SECTIONS[section].count("```python\n") == 1 for section in SECTIONS)


def test_a_system_is_a_function_over_create_moa() -> None:
    names = ran("A system")

    drawn = names["relay"].get_graph()
    assert [node for node in drawn.nodes if "/" in node] == ["layer_1/words", "layer_2/stems"]
    assert [p["layer"] for p in names["result"]["proposals"]] == [1, 2]


def test_a_node_stands_behind_a_mixture() -> None:
    names = ran("A node")

    assert [m.type for m in names["result"]["messages"]] == ["human", "ai"]
    assert names["result"]["messages"][-1].text.endswith("(asked: two models)")


def test_a_measure_is_a_function() -> None:
    names = ran("A measure of agreement")

    assert names["result"]["verdicts"][0]["agreement"]["measure"] == "last words"
    assert (names["result"]["run"]["calls"], names["result"]["run"]["saved"]) == (3, 1)


def test_a_retriever_is_a_function() -> None:
    names = ran("A retriever")

    assert [(c["id"], c["problem"]) for c in names["result"]["citations"]] == [("E2", None)]
    assert [p["proposer"] for p in names["result"]["proposals"] if p["layer"] == 0] == ["handbook"]


def test_a_provider_is_a_function_from_names_to_models() -> None:
    names = ran("A provider")

    assert {p["status"] for p in names["result"]["proposals"]} == {"ok"}
    assert names["result"]["run"]["usd"] is None


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_files_to_touch_are_those_that_following_it_touches(recipe: str, tmp_path: Path) -> None:
    copy = copy_project(tmp_path)

    follow(copy, recipe)

    by_hand = [name for name in files_named(recipe) if name not in GENERATED]
    assert by_hand == list(RECIPES[recipe])
    assert changed(copy) == {*by_hand}


def test_what_a_command_writes_is_said_with_the_command() -> None:
    lines = [line for text in SECTIONS.values() for line in text.splitlines()]

    for name, command in GENERATED.items():
        assert [line for line in lines if f"`{name}`" in line and f"`{command}`" in line]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow all recipes in one copy."""
    project = copy_project(tmp_path_factory.mktemp("followed"))
    for recipe in RECIPES:
        follow(project, recipe)
    return project


def python(copy: Path, *arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run Python with the copy as the package."""
    support = copy / "tests" / "support"
    path = os.pathsep.join(map(str, (copy.parent, support, support / "mixtures")))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )


def test_what_was_added_works(copy: Path) -> None:
    done = python(copy, "-c", CHECKS)

    assert done.returncode == 0, done.stderr
    result: Mapping[str, Any] = json.loads(done.stdout)
    assert Path(result["file"]) == copy / "__init__.py"
    assert (result["asked"]["answer"], result["asked"]["run"]["layers"]) == ("17 * 24 = 408", 3)
    assert result["drawn"][:2] == ["__start__", "layer_1/words"]
    assert "guard" in result["drawn"]
    assert result["refused"].startswith("found a question that is refused: it is about cats")
    assert result["agreed"] == ["agreed", "last words"]
    assert result["found"] == "“The pump is oiled each spring.” [E1]"
    answer, sent, keys, elsewhere = result["provided"]
    assert (answer, sent) == ("answer of c", [["a", 2], ["b", 2], ["c", 1]])
    assert keys == ["Bearer theirs"] * 3
    assert elsewhere == ["Bearer not-needed"]


TESTS = [
    "tests/graphs/test_systems.py",
    "tests/graphs/test_options.py",
    "tests/nodes/test_guard.py",
    "tests/core/agreement/test_last_words.py",
    "tests/core/evidence/test_lines_retriever.py",
    "tests/core/models/test_resolve.py",
    "tests/core/models/test_credentials.py",
    "tests/apps/settings",
    "tests/project/test_package.py::test_all_is_what_is_there",
    "tests/project/test_docs.py",
]


@pytest.mark.soak
def test_the_project_still_passes_with_what_was_added(copy: Path) -> None:
    models = [part for name in ("words", "stems") for part in ("--proposer", f"offline:{name}")]
    asked = python(copy, "-m", "langgraph_moa", "ask", "What is 17 * 24?", "--system", "relay", *models)
    assert (asked.returncode, asked.stdout.strip()) == (0, "17 * 24 = 408"), asked.stderr
    schema = python(copy, "-m", "langgraph_moa.apps.settings.schema")
    (copy / "docs" / "settings.schema.json").write_text(schema.stdout, encoding="utf-8")
    drawn = python(copy, "-m", "pytest", "-q", "tests/graphs/test_systems.py", "-k", "drawn", "--snapshot-update")
    assert drawn.returncode == 0, drawn.stdout

    for tool in (["ruff", "format", "."], ["ruff", "check", "."]):
        done = python(copy, "-m", *tool)
        assert done.returncode == 0, done.stdout
    assert changed(copy) == {name for recipe in RECIPES for name in files_named(recipe)}
    done = python(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert done.returncode == 0, done.stdout
    done = python(copy, "-m", "pytest", "-q", *TESTS, seconds=600)
    assert done.returncode == 0, done.stdout
