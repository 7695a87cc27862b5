"""A mixture's graph, printed and drawn."""

import sys
from pathlib import Path

import pytest
from commands import Run

FORMS = [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".SVG", b"<?xml")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_graph_prints_mermaid(run: Run) -> None:
    done = run("graph", "--proposer", "offline:words", "--layers", "3")

    assert "layer_2/words" in done.out
    assert "moa_role" not in done.out


@pytest.mark.parametrize(("ending", "begins"), FORMS)
def test_a_picture_is_what_its_name_says(run: Run, folder: Path, ending: str, begins: bytes) -> None:
    pytest.importorskip("pygraphviz", reason="the extra `png` is not installed")
    file = folder / f"moa{ending}"

    for _ in range(2):  # an earlier drawing is written over
        done = run("graph", "--png", file.name)

        assert (done.code, done.out) == (0, f"drawing: {file}\n")
        assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize("ending", [".mmd", ".mermaid", ".md"])
def test_mermaid_needs_no_extra(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    printed = run("graph").out

    for _ in range(2):
        assert run("graph", "--png", f"moa{ending}").out == f"drawing: {folder / 'moa'}{ending}\n"
    drawn = (folder / f"moa{ending}").read_text()
    assert drawn == (f"```mermaid\n{printed.rstrip()}\n```\n" if ending == ".md" else printed)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("moa.gif", "found a name that ends in .gif in --png moa.gif, expected one of .png, .svg, .pdf, .mmd"),
        ("moa", "found no ending in --png moa, expected one of .png, .svg, .pdf, .mmd, .mermaid, .md; name it so"),
        ("-", "found no ending in --png -"),
        ("no/where/moa.svg", "found no folder no/where for --png, expected one; make it first"),
        ("folder.svg", "found a folder at --png folder.svg, expected a new name or an earlier drawing"),
        ("notes.md", "found another text than a drawing in notes.md at --png notes.md, expected a new name"),
        ("notes.svg", "found another text than a drawing in notes.svg"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything(run: Run, folder: Path, name: str, expected: str) -> None:
    (folder / "folder.svg").mkdir()
    for notes in ("notes.md", "notes.svg"):
        (folder / notes).write_text("# Notes")

    done = run("graph", "--png", name)

    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()  # nor is it told who sits where
    assert line.startswith(f"error: {expected}")
    assert line.endswith("(see langgraph-moa graph --help)")
    assert (folder / "notes.md").read_text() == "# Notes"


def test_without_the_extra_its_name_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    assert "pip install 'langgraph-moa[png]'" in run("graph", "--png", "x.png").err
