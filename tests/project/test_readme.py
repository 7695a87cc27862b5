"""What the README and the docs show is what happens."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph_moa.core.offline import OfflineModel

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", [b for b in blocks("python") if "needs a key" not in b])
def test_python_blocks_print_what_they_say(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out.splitlines() == re.findall(r"^# > (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize("code", [b for b in blocks("python") if "needs a key" in b])
def test_python_blocks_that_need_a_key_build(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("TOGETHER_API_KEY", "k")
    built = code.replace(".invoke(", ".get_graph().nodes or (").replace("print(", "str(")

    exec(compile(built, "README.md", "exec"), {})


def transcripts() -> list[tuple[str, str]]:
    return [
        (command, output)
        for block in blocks("console")
        for command, output in re.findall(r"^\$ (langgraph-moa .*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


@pytest.mark.parametrize(("command", "output"), transcripts(), ids=[c for c, _ in transcripts()])
def test_transcripts_are_real(command: str, output: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "langgraph_moa.apps.cli", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    shown = re.sub(r"\d+\.\d s", "0.0 s", done.stderr + done.stdout)
    assert sorted(shown.splitlines()) == sorted(re.sub(r"\d+\.\d s", "0.0 s", output).splitlines())


def test_the_two_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_drawing_is_the_graphs() -> None:
    (drawn,) = blocks("mermaid")
    done = subprocess.run(
        [sys.executable, "-m", "langgraph_moa.apps.cli", "graph", "--layers", "3"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert drawn.strip() == done.stdout.strip()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What does a gate do at the end of a layer?", "graph.md"),
        ("What happens when the aggregator fails?", "failures.md"),
        ("How are layers counted in the paper?", "mixture.md"),
        ("How do I use a local server such as Ollama?", "models.md"),
        ("Which status means the answer was cut at its token limit?", "failures.md"),
    ],
)
def test_the_bundled_docs_answer(question: str, source: str) -> None:
    assert f"({source}, " in OfflineModel.of("stems").invoke(question).text
