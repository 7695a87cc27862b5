"""What the README and the docs show is what happens."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest
from langgraph_moa.core.offline.model import OfflineModel
from scripts import module_at

ROOT = Path(__file__).parents[2]
README_FILE = ROOT / "README.md"
README = README_FILE.read_text(encoding="utf-8")
SHOWN = [README_FILE, *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.py"))]
PAGES = "".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


PRINTING = [b for b in blocks(PAGES) if "# >" in b]


@pytest.mark.parametrize("code", [b for b in [*blocks(README), *PRINTING] if "needs a key" not in b])
def test_python_blocks_print_what_they_say(
    code: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some write files
    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out.splitlines() == re.findall(r"^# > (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize("code", [b for b in blocks(README + PAGES) if "needs a key" in b])
def test_python_blocks_that_need_a_key_build(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("TOGETHER_API_KEY", "k")
    built = code.replace(".invoke(", ".get_graph().nodes or (").replace("print(", "str(")

    exec(compile(built, "README.md", "exec"), {})


@pytest.mark.parametrize("page", SHOWN, ids=lambda path: path.name)
def test_pages_write_messages_as_type_checkers_take_them(page: Path) -> None:
    assert re.findall(r'\[\("(?:user|human)", .*', page.read_text(encoding="utf-8")) == []


def commands(text: str) -> list[str]:
    """Return the lines about files of questions and answers that a page shows to be typed."""
    shown = re.findall(r"^```(?:console|sh|shell)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in shown for line in block.splitlines()]
    typed = lines + re.findall(r"`(langgraph-moa [^`]*)`", text)
    return [
        line for line in typed if re.search(r"langgraph-moa (batch|compare|calibrate) .*examples/|\| langgraph", line)
    ]


FIRST, *OTHERS = sorted(set(commands(README + PAGES)), key=lambda line: ("|" not in line, line))


def test_pages_name_no_file_of_questions_that_is_not_there() -> None:
    """All but those of other projects' benchmarks, which have a page of their own."""
    pages = [page for page in SHOWN if page.suffix == ".md" and page.name != "benchmarks.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    named = re.findall(r"langgraph-moa (?:batch|compare|calibrate) ([\w./-]+\.jsonl)", text)

    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("line", [FIRST, *(pytest.param(line, marks=pytest.mark.soak) for line in OTHERS)])
def test_commands_about_files_can_be_typed_as_they_stand(line: str, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert re.match(r"\d+ questions", done.stdout)


@pytest.fixture
def terminal() -> ModuleType:
    """Return what draws the picture of the terminal."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    return module_at(ROOT / "docs" / "images" / "terminal.py")


@pytest.mark.soak
def test_the_picture_of_the_terminal_is_real(terminal: ModuleType) -> None:
    drawn = terminal.drawn(terminal.lines())

    assert words_of(drawn) == words_of(pictured()), "make it anew: python docs/images/terminal.py"


def test_the_picture_shows_the_demo_and_needs_no_font(terminal: ModuleType) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert f'{" ".join(terminal.COMMAND[:2])} "{terminal.COMMAND[2]}"' in makefile
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", pictured())


def test_its_words_for_who_sees_no_picture_say_what_it_shows() -> None:
    figures = re.search(r"The answer (joins \d of the \d).*? and ([\d,]+ tok)", README)

    assert figures
    assert all(words in " ".join(words_of(pictured())) for words in figures.groups()), figures.groups()


def pictured() -> str:
    return (ROOT / "docs" / "images" / "terminal.svg").read_text(encoding="utf-8")


def words_of(picture: str) -> list[str]:
    """Return what a picture says, but for how long it took."""
    said = unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))).replace("\xa0", " ")
    return re.sub(r"\d+\.\d s", "0.0 s", said).split()


def test_the_two_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


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
