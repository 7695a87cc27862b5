"""Ready passages are searched as documents are."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.offline.documents import Passage
from langgraph_moa.core.offline.library import Library, library_for, telling, tokenizer_for

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]
PASSAGES = [
    Passage("a.md", "Pumps", "The pump is primed with water."),
    Passage("a.md", "Lamps", "The lamp is green."),
    Passage("a.md", "Lamps", "The lamp is green."),
    Passage("a.md", "Lamps", "A pump has no lamp, and is blue."),
]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("share", [0.5, 0.0])
@pytest.mark.parametrize("question", ["How is the pump primed?", "Is the lamp green?", "pump", "What is it?", ""])
def test_ready_passages_are_searched_as_documents_are(
    tmp_path: Path, variant: Any, share: float, question: str
) -> None:
    (tmp_path / "a.md").write_text("\n\n".join(f"# {p.heading}\n\n{p.text}" for p in PASSAGES))
    of_files, ready = library_for((str(tmp_path),), variant), Library(PASSAGES, tokenizer_for(variant))

    found = ready.find(question, variant, limit=2, share=share)

    assert found == of_files.find(question, variant, limit=2, share=share)
    assert bool(found) == ("pump" in question or "lamp" in question)


def test_one_rare_word_in_common_is_no_strict_answer() -> None:
    library = Library(PASSAGES, tokenizer_for("words"))

    assert library.find("Who sells a blue bicycle tyre?", "words", limit=2) == [PASSAGES[3]]
    assert library.find("Who sells a blue bicycle tyre?", "words", limit=2, share=0.5) == []
    assert Library([], tokenizer_for("words")).find("pump", "words", limit=2) == []


@pytest.mark.parametrize(
    ("variant", "question", "text"),
    [
        ("words", "Bürgersteig", "Der Bu\u0308rgersteig ist schmal."),
        ("words", "Bu\u0308rgersteig", "Der Bürgersteig ist schmal."),
        ("words", "cafe", "The café is open."),
        ("words", "Café", "The cafe is open."),
        ("stems", "taxes", "The tax is due."),
        ("stems", "running", "They run."),
        ("headings", "fee", "All fees are told."),
    ],
)
def test_what_the_index_holds_to_be_the_same_word_is_covered(variant: Any, question: str, text: str) -> None:
    passage = Passage("a.md", "a", text)

    assert Library([passage], tokenizer_for(variant)).find(question, variant, limit=1, share=0.9) == [passage]


def test_what_is_rare_tells_more() -> None:
    assert telling("oboist") == telling("glockenspiel") > telling("quorum") > telling("model")


@pytest.mark.parametrize(
    ("variant", "heading", "text", "is_found"),
    [
        ("words", "Quorum", "One who waits for a quorum.", True),
        ("words", "Other", "A quorum stops waiting.", True),
        ("words", "Other", "One of them may, where all others have answered, name the quorum.", False),
        ("words", "Quorum", "Nothing is said here.", False),
        ("headings", "Other", "A quorum stops waiting.", False),
    ],
)
def test_a_passage_is_about_its_heading_and_beginning(variant: Any, heading: str, text: str, *, is_found: bool) -> None:
    library = Library([Passage("a.md", heading, text)], tokenizer_for(variant))

    assert bool(library.find("What is a quorum?", variant, limit=1, on_topic=True)) == is_found
    assert library.find("12 34", variant, limit=1, on_topic=True) == []
    assert (
        Library([Passage("a.md", "12", "A mean of 12.")], tokenizer_for(variant)).find(
            "What does a lamp of 12 mean?", variant, limit=1, on_topic=True
        )
        == []
    )


def test_what_holds_only_some_of_the_words_of_another_adds_nothing() -> None:
    both, one, other = (
        Passage("a.md", "a", f"The {of} is old.") for of in ("pump of the lamp", "pump", "tyre and lamp")
    )
    library = Library([both, one, other], tokenizer_for("words"))

    assert library.find("pump, lamp", "words", limit=3, share=0.1) == [both]
    assert set(library.find("pump, lamp, tyre", "words", limit=3, share=0.1)) == {both, other}
    assert set(library.find("pump, lamp", "words", limit=3)) == {both, one, other}
