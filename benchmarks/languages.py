"""Ask small handbooks in ten languages what they answer, and count how early the passage that does stands."""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from langgraph_moa import DocsRetriever
from langgraph_moa.core.offline.library import Variant
from langgraph_moa.core.offline.model import OfflineModel

HANDBOOKS = Path(__file__).parent / "questions" / "languages.toml"
AMONG = 5
"""Passages that are looked at."""


def languages() -> Iterator[Sequence[str]]:
    """Yield a table: of each language, how many questions each search answers first, or among the first few."""
    handbooks = tomllib.loads(HANDBOOKS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for name, book in handbooks.items():
            (Path(folder) / f"{name}.md").write_text("\n\n".join(book["passages"]), encoding="utf-8")
        ways: tuple[Variant, ...] = get_args(Variant)
        counts = {name: [_counted(book, way, folder) for way in ways] for name, book in handbooks.items()}
        answered = {name: _answered(book, folder) for name, book in handbooks.items()}
    ranks = [f"{way}: {rank}" for way in ways for rank in ("first", f"in {AMONG}")]
    yield "language", "questions", *ranks, "quoted"
    for name, rows in counts.items():
        figures = (str(count) for pair in rows for count in pair)
        yield name, str(len(handbooks[name]["questions"])), *figures, str(answered[name])
    columns = zip(*([count for pair in rows for count in pair] for rows in counts.values()), strict=True)
    sums = (str(sum(column)) for column in columns)
    number = sum(len(book["questions"]) for book in handbooks.values())
    yield "all", str(number), *sums, str(sum(answered.values()))


def _counted(book: Mapping[str, Any], way: Variant, folder: str) -> tuple[int, int]:
    retriever = DocsRetriever(docs=folder, variant=way, k=AMONG)
    results = [[d.page_content for d in retriever.invoke(question)] for question, _ in book["questions"]]
    pairs = list(zip(results, (piece for _, piece in book["questions"]), strict=True))
    return (
        sum(any(piece in text for text in texts[:1]) for texts, piece in pairs),
        sum(any(piece in text for text in texts) for texts, piece in pairs),
    )


def _answered(book: Mapping[str, Any], folder: str) -> int:
    """Count the questions that an offline model answers from these documents with the right passage."""
    model = OfflineModel.of("words", docs=(folder,))
    return sum(piece in model.invoke(question).text for question, piece in book["questions"])
