"""Documents are found and read as they are written."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.offline import documents
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.documents import document_files, read_documents
from langgraph_moa.core.offline.folders import DocumentFiles
from langgraph_moa.core.offline.library import library_for
from pdfs import pdf

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]


def test_hidden_folders_are_not_searched_and_names_tell_folders_apart(tmp_path: Path) -> None:
    for name in ("a/lamp.md", "b/lamp.md", "a/.git/lamp.md", "a/node_modules/lamp.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"The lamp of {name}.")

    found = DocsRetriever(docs=[tmp_path / "a", tmp_path / "b"], k=9).invoke("lamp")

    assert sorted(document.metadata["source"] for document in found) == ["a/lamp.md", "b/lamp.md"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("\ufeff# Lamp\n\nGreen lamp.".encode(), ("Lamp", "Green lamp.")),
        ("# Lamp\n\nGreen lamp.".encode("utf-16"), ("Lamp", "Green lamp.")),
        (b"# Lamp\n\n```sh\n# comment\nprime the lamp\n```\n", ("Lamp", "# comment prime the lamp")),
        (b"# Lamp\n\n~~~sh\n# comment\n\nlamp\n~~~\n", ("Lamp", "# comment lamp")),
        (b"# Lamp\n\n````md\n```py\n# lamp\n```\n````\n", ("Lamp", "```py # lamp ```")),
        (b"# Lamp\r\rGreen lamp.\r", ("Lamp", "Green lamp.")),
        (b"#!/bin/sh\nlamp", ("a", "#!/bin/sh lamp")),
        (b"---\ntitle: Lamps\n---\n\n# Lamp\n\nGreen lamp.", ("Lamp", "Green lamp.")),
    ],
    ids=[
        "byte order mark",
        "utf-16",
        "code",
        "tildes",
        "a fence in a fence",
        "old line ends",
        "no heading",
        "front matter",
    ],
)
def test_text_is_read_as_it_is_written(tmp_path: Path, data: bytes, found: tuple[str, str]) -> None:
    (tmp_path / "a.md").write_bytes(data)

    (document,) = DocsRetriever(docs=tmp_path).invoke("lamp")

    assert (document.metadata["heading"], document.page_content) == found


@pytest.mark.parametrize(
    "data", ["Gewährleistung".encode("latin-1"), b"PK\x03\x04\x00\x00lamp"], ids=["latin-1", "zip"]
)
def test_what_is_no_text_is_refused_and_not_garbled(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(data)

    with pytest.raises(ConfigError, match=r"found '.*a.txt', expected"):
        DocsRetriever(docs=tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_picture_alone_is_nothing_to_quote(tmp_path: Path, variant: Any) -> None:
    text = "A ![lamp](b.png) beside a ![green one](c.png) is shown."
    (tmp_path / "a.md").write_text(f"# Lamps\n\n![A green lamp](lamp.svg)\n\n{text}")

    found = library_for((str(tmp_path),), variant).find("Which lamp is green?", variant, limit=2)

    assert [passage.text for passage in found] == [text]


def test_a_longer_fence_holds_shorter_ones(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("````\npump\n\n```\nlamp\n```\n````\n")

    (found,) = library_for((str(tmp_path),), "words").find("pump", "words", limit=2)

    assert found.text == "pump ``` lamp ```"


NO_TEXT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a.pdf": (lambda path: pdf(path, [], []), "holds no text; have it read first, if it is a scan"),
    "b.html": (lambda path: path.write_text("<script>pump()</script>"), "holds no text outside of scripts and tags"),
    "c.txt": (lambda path: path.write_text(""), "is empty"),
    "d.txt": (lambda path: path.write_text(" \n\n"), "holds no text"),
    "e.md": (lambda path: path.write_text("---\ntitle: Pump\ntags: [a]\n---\n\n"), "holds front matter only"),
    "f.md": (lambda path: path.write_text("![A pump](pump.png)"), "holds no text"),
    "g.csv": (lambda path: path.write_text(",,\n"), "holds no text"),
    "g.docx": (lambda path: path.write_bytes(b""), "is empty"),
    "g.pdf": (lambda path: path.write_bytes(b""), "is empty"),
}


def test_what_holds_no_text_is_told_by_name_and_costs_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, (write, _) in NO_TEXT.items():
        write(tmp_path / name)
    pdf(tmp_path / "h.pdf", ["The pump is primed."], [], [], ["A lamp."], [])
    (tmp_path / "i.odt").write_bytes(b"PK")
    (tmp_path / "j.png").write_bytes(b"PNG")

    retriever = DocsRetriever(docs=tmp_path)

    assert [document.page_content for document in retriever.invoke("pump")] == ["The pump is primed."]
    assert retriever.unread == (
        "i.odt is not read: it is none of .md, .txt, .rst, .pdf, .html, .htm, .csv, .tsv, .docx",
        *(f"{name} {why}" for name, (_, why) in NO_TEXT.items()),
        "h.pdf holds no text on pages 2-3, 5 of 5; have it read first, if these are scans",
    )
    assert [record.getMessage() for record in caplog.records] == [*retriever.unread]


@pytest.mark.parametrize("name", NO_TEXT)
def test_where_there_is_no_text_at_all_it_is_refused(tmp_path: Path, name: str) -> None:
    write, why = NO_TEXT[name]
    write(tmp_path / name)

    with pytest.raises(ConfigError, match=rf"found no text in '.*', expected documents to answer from: {name} {why}"):
        DocsRetriever(docs=tmp_path)


def test_documents_that_say_something_are_told_of_by_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert read_documents((), Path("elsewhere")).unread == ()
    assert caplog.records == []


LINES = [f"{n:04} 12:{n % 60:02} speaker {n % 7}: remark number {n}" for n in range(3_000)]
ANSWER = "speaker 0: the warranty lasts nineteen months"


@pytest.mark.parametrize("separator", ["\n", ";", " ", ". ", "<br>"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_long_block_is_split_and_the_right_part_found(tmp_path: Path, separator: str, name: str) -> None:
    (tmp_path / name).write_text(separator.join([*LINES[:2_500], ANSWER, *LINES[2_500:]]))

    (passage,) = library_for((str(tmp_path),), "words").find("How long does the warranty last?", "words", limit=1)

    assert ANSWER in passage.text
    assert len(passage.text) <= 1_800


def test_a_long_block_of_code_is_split(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Log\n\n```\n" + "\n".join([*LINES, ANSWER]) + "\n```\n")

    (passage,) = library_for((str(tmp_path),), "words").find("warranty", "words", limit=9)

    assert (passage.heading, ANSWER in passage.text, len(passage.text) <= 1_800) == ("Log", True, True)


def test_a_heading_with_nothing_under_it_says_something_itself(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Phones\n\n## Office: 555\n\n## Pump: 777\n\nRings.\n\n## Lamp\n\n```\nx\n```\n")

    library = library_for((str(tmp_path),), "words")

    assert [(p.heading, p.text) for p in library.find("phones office", "words", limit=9)] == [("Office: 555",) * 2]
    assert [p.text for p in library.find("lamp", "words", limit=9)] == ["x"]


def test_what_is_too_large_or_no_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(ConfigError, match=r"found '.*a.txt', expected text of at most 100,000,000 bytes: it has"):
        DocsRetriever(docs=tmp_path)

    (tmp_path / "a.txt").write_text("The pump is blue.")
    os.mkfifo(tmp_path / "b.txt")
    retriever = DocsRetriever(docs=[tmp_path / "a.txt", tmp_path])
    assert len(retriever.invoke("pump")) == 2
    assert retriever.unread == (f"{tmp_path.name}/b.txt is not read: it is a pipe, and no file",)


def test_what_takes_a_files_place_while_they_are_read_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("The pump is blue.")
    (tmp_path / "b.txt").write_text("The lamp is green.")

    def listed(paths: tuple[str, ...]) -> DocumentFiles:
        files = document_files(paths)
        (tmp_path / "a.txt").unlink()
        os.mkfifo(tmp_path / "a.txt")
        return files

    monkeypatch.setattr(documents, "document_files", listed)

    assert read_documents((str(tmp_path),), tmp_path).unread == ("a.txt is a pipe by now, and no file",)


@pytest.mark.parametrize(("limit", "most"), [("BYTES_IN_ALL", "40 bytes"), ("TEXT_IN_ALL", "20 characters")])
def test_more_than_the_most_in_all_is_told_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: str
) -> None:
    for name in "abcde":
        (tmp_path / f"{name}.txt").write_text(f"The pump {name} is blue.")
    monkeypatch.setattr(documents, limit, int(most.split()[0]))

    read = read_documents((str(tmp_path),), tmp_path)

    assert [passage.source for passage in read.passages] == ["a.txt", "b.txt"]
    assert read.unread == (f"c.txt is not read, nor are the 2 after it: {most} in all are the most",)
