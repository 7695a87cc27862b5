"""Ready passages are searched as documents are."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.library import Library, Passage, library_for, tokenizer_for
from linear import SIZE, no_hang

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


@pytest.mark.parametrize("mark", ["`", "~"])
def test_a_fence_that_nothing_closes_is_looked_for_once(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a.md").write_text(mark * SIZE + "\n" + "pump\n" * (SIZE // 5) + "\nThe pump is red.\n")

    with no_hang():
        (found,) = library_for((str(tmp_path),), "words").find("Which pump is red?", "words", limit=1)

    assert found.text == "The pump is red."


def test_a_longer_fence_holds_shorter_ones(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("````\npump\n\n```\nlamp\n```\n````\n")

    (found,) = library_for((str(tmp_path),), "words").find("pump", "words", limit=2)

    assert found.text == "pump ``` lamp ```"
