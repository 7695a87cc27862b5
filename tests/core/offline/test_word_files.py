"""Word files are read in whole, or refused by their names."""

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.parser import parse_xml
from langgraph_moa import ConfigError, DocsRetriever
from langgraph_moa.core.errors import MissingExtra
from langgraph_moa.core.offline import word_files
from langgraph_moa.core.offline.word_files import read_docx


def said(path: Path) -> list[tuple[str, str]]:
    return [*read_docx(path, [])]


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SPACES = f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def word_file(path: Path, *blocks: str | tuple[int, str] | Sequence[Sequence[str]], header: str = "") -> Path:
    """Write paragraphs, headings (a level and a text), tables (rows of cells), and whatever begins with `<w:`."""
    document: Any = Document()
    for block in blocks:
        if isinstance(block, tuple):
            document.add_heading(block[1], block[0])
        elif not isinstance(block, str):
            table = document.add_table(len(block), len(block[0]))
            for row, cells in zip(table.rows, block, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        elif block.startswith("<w:"):
            document.element.body.insert(-1, parse_xml(block.replace(">", f" {_SPACES}>", 1)))
        else:
            document.add_paragraph(block)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.save(str(path))
    return path


BOX = "<w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent>"
TAGGED = "<w:smartTag>{}</w:smartTag><w:hyperlink>{}</w:hyperlink>"


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_paragraphs_stand_under_their_headings_and_rows_under_their_columns(tmp_path: Path) -> None:
    path = word_file(
        tmp_path / "Manual.docx",
        "Before all.",
        (1, "Pumps"),
        (2, "Priming"),
        "Prime the pump.",
        (2, "Bare"),
        (1, "Prices"),
        [["Part", "Price"], ["Valve", "7"], ["Seal", "3"]],
        header="Acme Ltd",
    )

    assert said(path) == [
        ("Manual", "Before all."),
        ("Priming", "Prime the pump."),
        ("Bare", "Bare"),
        ("Prices", "Part: Valve; Price: 7"),
        ("Prices", "Part: Seal; Price: 3"),
        ("header", "Acme Ltd"),
    ]
    (found,) = DocsRetriever(docs=tmp_path).invoke("What does the valve cost?")
    assert (found.metadata["source"], found.page_content) == ("Manual.docx", "Part: Valve; Price: 7")


@pytest.mark.parametrize(
    ("block", "texts"),
    [
        (f"<w:sdt><w:sdtContent><w:p>{run('in a control')}</w:p></w:sdtContent></w:sdt>", ["in a control"]),
        (f"<w:p>{run('a ')}<w:sdt><w:sdtContent>{run('b')}</w:sdtContent></w:sdt></w:p>", ["a b"]),
        (
            f"<w:p>{run('a ')}<w:ins>{run('new')}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>",
            ["a new"],
        ),
        (
            f"<w:p>{run('a ')}{TAGGED.format(run('tag'), run(' link'))}</w:p>",
            ["a tag link"],
        ),
        (f"<w:p><w:moveFrom>{run('gone')}</w:moveFrom>{run('here')}</w:p>", ["here"]),
        (
            "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>",
            ["a b\nc-d"],
        ),
        (
            f"<w:p>{run('host')}<w:r><mc:AlternateContent><mc:Choice>{BOX}</mc:Choice><mc:Fallback>{BOX}</mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>",
            ["host", "in a box"],
        ),
        (
            f"<w:tbl><w:tr><w:tc><w:p>{run('Part')}</w:p></w:tc><w:tc><w:p>{run('Price')}</w:p></w:tc></w:tr>"
            "<w:sdt><w:sdtContent><w:tr><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr>"
            f"<w:p>{run('Valve')}</w:p></w:tc>"
            f"<w:tc><w:p>{run('7')}</w:p></w:tc></w:tr></w:sdtContent></w:sdt>"
            f"<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:p>{run('8')}</w:p></w:tc></w:tr></w:tbl>",
            ["Part: Valve; Price: 7", "Part: Valve; Price: 8"],
        ),
    ],
    ids=["control", "control in a line", "tracked", "tags and links", "moved", "breaks", "text box", "merged cells"],
)
def test_what_python_docx_passes_over_is_read(tmp_path: Path, block: str, texts: list[str]) -> None:
    assert [text for _, text in said(word_file(tmp_path / "a.docx", block))] == texts


def test_notes_are_read_and_charts_are_told(tmp_path: Path) -> None:
    path = word_file(tmp_path / "a.docx", "The text.")
    types, relations = "[Content_Types].xml", "word/_rels/document.xml.rels"
    note = f"<w:footnotes xmlns:w='{W}'><w:footnote><w:p>{run('Only in a note.')}</w:p></w:footnote></w:footnotes>"
    parts = {"word/footnotes.xml": note, "word/charts/chart1.xml": "<c/>"}
    kinds = ["wordprocessingml.footnotes", "drawingml.chart"]
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name).decode("utf-8", "surrogateescape") for name in packed.namelist()}
    for number, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        override = (
            f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
        )
        files[types] = files[types].replace("</Types>", f"{override}</Types>")
        relation = f'<Relationship Id="rX{number}" Type="urn:{kind}" Target="/{part}"/>'
        files[relations] = files[relations].replace("</Relationships>", f"{relation}</Relationships>")
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in (files | parts).items():
            packed.writestr(name, text.encode("utf-8", "surrogateescape"))

    unread: list[str] = []
    assert [*read_docx(path, unread)] == [("a", "The text."), ("footnotes", "Only in a note.")]
    assert unread == ["has parts that are not read: 1 charts"]


def bomb(path: Path) -> None:
    word_file(path, "The pump.")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/more.xml", b" " * 60_000_000)


def liar(path: Path) -> None:
    """Write a file whose directory says that a part is small."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b" " * 60_000_000)
    path.write_bytes(path.read_bytes().replace((60_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))


def encrypted(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def broken(path: Path) -> None:
    word_file(path, "The pump.")
    path.write_bytes(path.read_bytes()[:-2_000])


def no_document(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "The pump.")


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (bomb, "it unpacks to more than 50,000,000 bytes of text"),
        (liar, r"it cannot be read \(BadZipFile\)"),
        (encrypted, "it is something else, or encrypted"),
        (broken, "it is something else, or encrypted"),
        (no_document, r"it cannot be read \(KeyError\)"),
        (lambda path: path.write_bytes(b"%PDF-1.7"), "it is something else"),
    ],
    ids=["bomb", "bomb that lies", "encrypted", "broken", "another packed file", "a PDF"],
)
def test_what_cannot_be_read_is_refused_by_its_name(tmp_path: Path, write: Any, expected: str) -> None:
    write(tmp_path / "a.docx")

    with pytest.raises(ConfigError, match=rf"found '.*a.docx', expected a Word file.*: {expected}.*; save it anew"):
        DocsRetriever(docs=tmp_path)


def test_a_file_of_word_that_is_open_is_no_document(tmp_path: Path) -> None:
    word_file(tmp_path / "a.docx", "The pump.")
    (tmp_path / "~$a.docx").write_bytes(b"locked")

    assert [d.page_content for d in DocsRetriever(docs=tmp_path).invoke("pump")] == ["The pump."]


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    path = tmp_path / "a.docx"
    path.write_bytes(b"")

    with pytest.raises(MissingExtra, match=r"reading a.docx.*langgraph-moa\[docs\]"):
        [*word_files.read_docx(path, [])]
