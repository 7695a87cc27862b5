"""PDFs are read by their pages, HTML by its headings."""

import sys
from pathlib import Path

import pytest
from langgraph_moa.core.errors import ConfigError, MissingExtra
from langgraph_moa.core.offline import pages
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.library import library_for
from pdfs import pdf

PAGE = """<html><head><title>All about
pumps</title><style>p {color: green}</style><script>var lamp = 1</script></head>
<body><nav><a href="/">Home of pumps</a></nav><p>First <b>words</b> of it.</p>
<h1>Priming</h1><!-- a comment on pumps --><div>Loose words<p>The pump is<br>primed.</p>More loose ones.</div>
<h2>Parts &amp; prices</h2><ul><li>Valve<ul><li>Spring</li></ul></li>
<li>Seal</li><li>Seal</li></ul>
<table><tr><th>Part</th><th>Price</th></tr><tr><td>Valve</td><td>7</td></tr></table>
<pre>open   valve</pre><blockquote><p>Quoted.</p></blockquote><p>\x00 \x07</p></body></html>"""


def all_of(path: Path, words: str) -> list[tuple[str, str]]:
    return [(p.heading, p.text) for p in library_for((str(path),), "words").find(words, "words", limit=99)]


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


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><![foo pump", "<![foo pump"),
        ("<p>a < b && c <pump", "a < b && c <pump"),
        ("a<!-- lamp --> pump<!-- and", "a pump<!-- and"),
        ('<a title="1 < 2">pump</a>', "pump"),
        ("<![CDATA[pump]]> &amp; &copy 1", "pump & © 1"),
        ("<td>pump<td>lamp", "pump lamp"),
        ("<div>" * 3_000 + "pump", "pump"),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_says_something(tmp_path: Path, page: str, text: str) -> None:
    (tmp_path / "page.html").write_text(page, encoding="utf-8")

    assert text in [passage for _, passage in all_of(tmp_path, "pump a")]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The notifi-", "cation period is long."], "The notification period is long."),
        (["A well-", "known pump is well known."], "A well-known pump is well known."),
        (["A pre-paid pump. Pre-", "paid ones are blue."], "A pre-paid pump. Pre-paid ones are blue."),
        (["The Meyer-", "Schmidt law."], "The Meyer-Schmidt law."),
        (["From 3-", "5 pumps."], "From 3- 5 pumps."),
    ],
)
def test_a_word_that_a_line_cuts_is_whole_again(tmp_path: Path, lines: list[str], text: str) -> None:
    (passage,) = library_for((str(pdf(tmp_path / "a.pdf", lines)),), "words").find(text, "words", limit=9)

    assert passage.text == text


def test_a_pdf_page_without_sentences_is_split(tmp_path: Path) -> None:
    pdf(tmp_path / "a.pdf", [*(f"item {n} pump valve seal spring" for n in range(400)), "warranty two years"])

    (passage,) = library_for((str(tmp_path),), "words").find("warranty", "words", limit=9)

    assert "warranty two years" in passage.text
    assert len(passage.text) <= 1_800


@pytest.mark.parametrize("page", [b"", b"notes.txt", b"http://a.example", b"\xff\xfe\x00<p>", b"<p>" * 3000, b"<![x"])
def test_any_page_is_read(tmp_path: Path, page: bytes) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "page.html").write_bytes(page)
    (tmp_path / "a.txt").write_text("The lamp is green.")

    assert all_of(tmp_path, "nothing") == []


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"PK\x03\x04\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_page_is_refused_by_its_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "page.html").write_bytes(data)

    with pytest.raises(ConfigError, match=r"found '.*page.html', expected a page \(HTML\): it is "):
        all_of(tmp_path, "nothing")


@pytest.mark.parametrize(
    ("name", "package", "expected"), [("a.pdf", "pypdf", "reading a.pdf"), ("a.html", "bs4", "reading a.html")]
)
def test_a_missing_package_is_told_and_no_document_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, expected: str
) -> None:
    (tmp_path / name).write_bytes(b"something")
    (tmp_path / "notes.txt").write_text("The lamp is green.")
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra, match=rf"{expected}.*langgraph-moa\[docs\]"):
        DocsRetriever(docs=[tmp_path])


def page_tree(depth: int) -> bytes:
    """Write a PDF of one page that stands there two to the power of `depth` times."""
    trees = [f"<< /Type /Pages /Kids [{n + 3} 0 R {n + 3} 0 R] /Count {2 ** (depth - n)} >>" for n in range(depth)]
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", *trees, "<< /Type /Page /MediaBox [0 0 9 9] >>"]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {len(objects) + 1}\n{table}{end}".encode()


@pytest.mark.soak  # pypdf counts to its limit
def test_a_page_that_stands_there_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(page_tree(60))

    with pytest.raises(ConfigError, match=r"found '.*a.pdf', expected a PDF without a password: it cannot be read"):
        DocsRetriever(docs=tmp_path)


@pytest.mark.parametrize(("limit", "most"), [("MOST_PAGES", "2 pages"), ("MOST_OF_PAGES", "20 characters")])
def test_more_pages_than_the_most_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: str
) -> None:
    pdf(tmp_path / "a.pdf", *([f"The pump {n} is blue."] for n in range(5)))
    monkeypatch.setattr(pages, limit, int(most.split()[0]))

    retriever = DocsRetriever(docs=tmp_path, k=9)

    assert len(retriever.invoke("pump")) == 2
    assert retriever.unread == (f"a.pdf has 5 pages, and is read to page 2: {most} are the most",)
