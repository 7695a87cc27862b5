"""Documents are searched as LangChain searches, PDFs and pages among them."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langgraph_moa import ConfigError
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from pdfs import pdf

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]


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
        ({"docs": [""]}, "broken.pdf"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_built(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    (tmp_path / "empty").mkdir()
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
