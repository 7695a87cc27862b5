"""Documents are searched as LangChain searches, PDFs and pages among them."""

import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langgraph_moa import ConfigError
from langgraph_moa.core.errors import MissingExtra
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.library import library_for
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]

PAGE = """<html><head><title>All about
pumps</title><style>p {color: green}</style><script>var lamp = 1</script></head>
<body><nav><a href="/">Home of pumps</a></nav><p>First <b>words</b> of it.</p>
<h1>Priming</h1><!-- a comment on pumps --><div>Loose words<p>The pump is<br>primed.</p>More loose ones.</div>
<h2>Parts &amp; prices</h2><ul><li>Valve<ul><li>Spring</li></ul></li>
<li>Seal</li><li>Seal</li></ul>
<table><tr><th>Part</th><th>Price</th></tr><tr><td>Valve</td><td>7</td></tr></table>
<pre>open   valve</pre><blockquote><p>Quoted.</p></blockquote><p>\x00 \x07</p></body></html>"""


def pdf(path: Path, *pages: list[str], password: str | None = None) -> Path:
    writer = PdfWriter()
    font = {"Type": "Font", "Subtype": "Type1", "BaseFont": "Helvetica"}
    named = DictionaryObject({NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in font.items()})
    for lines in pages:
        page = writer.add_blank_page(width=400, height=400)
        fonts = DictionaryObject({NameObject("/F1"): named})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        shown = " T* ".join(f"({line}) Tj" for line in lines)
        content.set_data(f"BT /F1 12 Tf 14 TL 20 380 Td {shown} ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(path)
    return path


def all_of(path: Path, words: str) -> list[tuple[str, str]]:
    return [(p.heading, p.text) for p in library_for((str(path),), "words").find(words, "words", limit=99)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_bundled_documents_are_found(variant: str) -> None:
    documents = DocsRetriever(variant=variant).invoke("Why does the question come last in the prompt?")

    assert 1 <= len(documents) <= 5
    assert documents[0].metadata == {"source": "graph.md", "heading": "References in the prompt"}
    assert "the question last, word for word" in documents[0].page_content
    assert len({d.id for d in documents}) == len(documents)


async def test_the_same_is_found_each_time_and_in_both_apis() -> None:
    first = DocsRetriever(variant="stems", k=3).invoke("What does a gate do?")

    assert len(first) == 3
    assert await DocsRetriever(variant="stems", k=3).ainvoke("What does a gate do?") == first


def test_one_word_in_common_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Lamps\n\nThe lamp is green.\n\nThe pump is blue.\n")
    retriever = DocsRetriever(docs=[tmp_path])

    (document,) = retriever.invoke("Which colour has the lamp over there, roughly speaking?")

    assert document == Document("The lamp is green.", metadata={"source": "a.md", "heading": "Lamps"}, id=document.id)
    assert retriever.invoke("football") == retriever.invoke("what is it?") == retriever.invoke("") == []
    assert DocsRetriever(docs=str(tmp_path)).invoke("lamp") == [document]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("question", ['"', "* NEAR(", "a AND OR NOT b", "\x00\ud800", "🦙", "pump " * 9000, None])
def test_no_question_breaks_the_search(variant: str, question: str | None) -> None:
    question = " ".join(f"word{n}" for n in range(5000)) if question is None else question

    assert len(DocsRetriever(variant=variant).invoke(question)) <= 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"variant": "word"}, "unknown docs retriever 'word'; did you mean 'words'"),
        ({"k": 0}, "found k=0, expected"),
        ({"docs": ["missing"]}, "found no file or folder"),
        ({"docs": ["empty"]}, "found no documents under"),
        ({"docs": ["broken.pdf"]}, r"broken.pdf', expected a PDF without a password: it cannot be read"),
        ({"docs": ["secret.pdf"]}, r"secret.pdf', expected a PDF without a password: .*FileNotDecryptedError"),
        ({"docs": ["scan.pdf"]}, r"found no text in .*scan.pdf"),
        ({"docs": ["broken.html"]}, r"broken.html', expected a readable HTML page"),
        ({"docs": [""]}, "broken.html"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_built(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.html").write_text("<p>a</p><![foo bar")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    pdf(tmp_path / "secret.pdf", ["The lamp is green."], password="open")
    pdf(tmp_path / "scan.pdf", [])
    options = options | {"docs": [tmp_path / name for name in options["docs"]]} if "docs" in options else options

    with pytest.raises(ConfigError, match=expected):
        DocsRetriever(**options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"variant": "word"}, "unknown docs retriever 'word'; did you mean 'words'?"),
        ({"dosc": ["kb"]}, "unknown option 'dosc' of DocsRetriever; did you mean 'docs'?"),
        ({"docs": []}, r"found docs=\[\], expected files and folders"),
        ({"docs": None}, "found docs=None, expected files and folders"),
        ({"docs": [""]}, "found '' as documents, expected a file or a folder of this machine"),
        ({"docs": "http://host/x"}, "found 'http://host/x' as documents"),
        ({"k": 0}, "found k=0, expected a whole number from 1"),
        ({"k": "3"}, "found k='3', expected a whole number from 1"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        DocsRetriever(**options)


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
    ],
    ids=["byte order mark", "utf-16", "code", "tildes", "a fence in a fence", "old line ends", "no heading"],
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


@pytest.mark.parametrize("password", [None, ""])
def test_a_pdf_is_found_by_its_pages(tmp_path: Path, password: str | None) -> None:
    first = ["The pump is primed", "with water.", "Valve B is opened", "by hand."]
    pdf(tmp_path / "Manual.PDF", first, ["Pumps need valve grease."], password=password)

    assert all_of(tmp_path, "pump pumps valve") == [
        ("page 2", "Pumps need valve grease."),
        ("page 1", "The pump is primed with water."),
        ("page 1", "Valve B is opened by hand."),
    ]
    (document,) = DocsRetriever(docs=[tmp_path]).invoke("Who opened B?")
    assert document.metadata == {"source": "Manual.PDF", "heading": "page 1"}


@pytest.mark.parametrize(
    ("words", "passages"),
    [
        ("first words", [("All about pumps", "First words of it."), ("Priming", "Loose words")]),
        ("primed", [("Priming", "The pump is primed.")]),
        ("ones", [("Priming", "More loose ones.")]),
        ("spring", [("Parts & prices", "Spring")]),
        ("seal", [("Parts & prices", "Seal")] * 2),
        ("part price", [("Parts & prices", "Part Price")]),
        ("7", [("Parts & prices", "Valve 7")]),
        ("open", [("Parts & prices", "open valve")]),
        ("quoted", [("Parts & prices", "Quoted.")]),
        ("home comment lamp color", []),
    ],
)
@pytest.mark.parametrize("suffix", ["html", "HTM"])
def test_a_page_is_found_by_its_headings(
    tmp_path: Path, suffix: str, words: str, passages: list[tuple[str, str]]
) -> None:
    (tmp_path / f"page.{suffix}").write_text(PAGE)

    found = all_of(tmp_path, words)

    assert sorted(p for p in found if p in passages) == sorted(passages)
    assert bool(found) == bool(passages)


@pytest.mark.parametrize("page", [b"", b"notes.txt", b"http://a.example", b"\xff\xfe\x00<p>", b"<p>" * 3000, b"<![x"])
def test_any_page_is_read(tmp_path: Path, page: bytes) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "page.html").write_bytes(page)

    assert all_of(tmp_path, "nothing") == []


@pytest.mark.parametrize(
    ("name", "package", "expected"), [("a.pdf", "pypdf", "reading a.pdf"), ("a.html", "bs4", "reading a.html")]
)
def test_a_missing_package_is_told_and_no_document_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, expected: str
) -> None:
    (tmp_path / name).write_bytes(b"")
    (tmp_path / "notes.txt").write_text("The lamp is green.")
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra, match=rf"{expected}.*langgraph-moa\[docs\]"):
        DocsRetriever(docs=[tmp_path])
