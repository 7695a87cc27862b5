"""Ready passages are searched as documents are."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.library import Library, Passage, library_for, tokenizer_for

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
