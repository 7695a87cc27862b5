"""How the offline models quote, and join or order what others quoted."""

import json
import re
from collections import Counter

from .documents import Passage
from .library import Library, tokenizer_for
from .prompt import MAX_QUOTE
from .words import key_words

CANNOT = "The offline models cannot answer this"
SILENT = "The passages do not answer this"
_SHORT = 240
"""Characters of a quotation that several are read beside."""
_MOST_QUOTES = 4
"""More than these are a list to read, and no answer."""
_MOST_POINTS = 6
"""Points of one kind that an analyst is asked for at most."""
_BETWEEN = re.compile(r",(?: and| or)?\s|\b(?:and|or)\b")
_USE = re.compile(r"Use the tool \S+\.")


def combine(references: list[str], question: str) -> str:
    """Join what several proposals share, most shared first, and the quotations that only one of them found.

    A quotation with its source stands for itself, so it is added where it speaks of the question; other lines do not
    without the rest of their text: where none is shared, the first proposal is kept whole. Lines that only name a tool,
    and proposals that answer nothing, are kept where there is nothing else.

    Args:
        references: The proposals.
        question: What they answer.
    """
    whole = [r.splitlines() for r in references]
    without_tools = [[line for line in lines if not _USE.fullmatch(line.strip())] for lines in whole]
    pairs = zip(without_tools, whole, strict=True)
    texts = [lines for lines, before in pairs if lines == before or any(map(str.strip, lines))]
    able = [lines for lines in texts if not any(map(is_no_answer, lines))]
    answers = able or texts or whole
    support = Counter(line.strip() for lines in answers for line in dict.fromkeys(lines) if line.strip())
    joined = [line for line, count in support.most_common() if count > 1]
    if all(map(_is_sourced, support)):
        speaking = _speaking([line for line in support if line not in joined], parts_of(question))
        joined = [*joined, *speaking][: max(_MOST_QUOTES, len(joined))]
    return "\n".join(joined or [line for line in answers[0] if line.strip()])


def _speaking(quotations: list[str], parts: list[str]) -> list[str]:
    """Return the quotations that speak of a question, or of a part of it."""
    quoted = Library((Passage(line, "", line) for line in quotations), tokenizer_for("stems"))
    sources = {
        passage.source for part in parts for passage in quoted.find(part, "stems", limit=len(quotations), share=0.4)
    }
    return [line for line in quotations if line in sources]


def parts_of(question: str) -> list[str]:
    """Take a question apart that asks for several things at once: each part has two words at least that tell."""
    parts = _BETWEEN.split(question)
    return parts if all(len(key_words(part)) > 1 for part in parts) else [question]


def choose(proposals: list[str]) -> str:
    """Order proposals by how many others share their lines, those that answer nothing last; enough if all are equal."""
    lines = [{line.strip() for line in text.splitlines() if line.strip()} for text in proposals]
    support = Counter(line for own in lines for line in own)
    worth = [
        (is_no_answer(text), -max((support[line] for line in own), default=0))
        for text, own in zip(proposals, lines, strict=True)
    ]
    order = sorted(range(len(proposals)), key=lambda n: worth[n])
    return json.dumps({"best": [n + 1 for n in order], "stop": len({*map(frozenset, lines)}) == 1})


def compare_lines(proposals: list[str], question: str) -> str:
    """Say what proposals differ on, as an analyst is asked to: by equal lines, and sums that come to something else.

    Args:
        proposals: What is compared.
        question: What they answer.
    """
    whole = [[line.strip() for line in text.splitlines() if line.strip()] for text in proposals]
    of: dict[str, list[int]] = {}
    for number, lines in enumerate(whole, 1):
        for line in dict.fromkeys(lines if not any(map(is_no_answer, lines)) else []):
            of.setdefault(line, []).append(number)
    sums: dict[str, dict[str, list[int]]] = {}
    for line, numbers in of.items():
        term, equals, right = line.rpartition(" = ")
        if equals and not _is_sourced(line):
            sums.setdefault(term, {})[right] = numbers
    differ = {term: results for term, results in sums.items() if len(results) > 1}
    apart = {f"{term} = {right}" for term, results in differ.items() for right in results}
    points = {line: numbers for line, numbers in of.items() if line not in apart}
    spoken = " ".join(of)
    silent = [word for word in key_words(question) if word.casefold() not in spoken.casefold()] if of else [question]
    return json.dumps(
        {
            "consensus": [line for line, numbers in points.items() if len(numbers) == len(proposals)][:_MOST_POINTS],
            "contradictions": [
                {"topic": term, "stances": [{"proposers": n, "stance": right} for right, n in results.items()]}
                for term, results in differ.items()
            ][:_MOST_POINTS],
            "partial_coverage": [
                {"point": line, "proposers": numbers}
                for line, numbers in points.items()
                if 1 < len(numbers) < len(proposals)
            ][:_MOST_POINTS],
            "unique_insights": [
                {"proposer": numbers[0], "insight": line} for line, numbers in points.items() if len(numbers) == 1
            ][:_MOST_POINTS],
            "blind_spots": silent[:_MOST_POINTS],
        },
        ensure_ascii=False,
    )


def is_no_answer(text: str) -> bool:
    """Tell what an offline model says where it has no answer."""
    return CANNOT in text or SILENT in text


def _is_sourced(line: str) -> bool:
    """Tell a quotation with its source, as `_quote` and `_cite` write it."""
    return line.startswith("“") and line.endswith((")", "]")) and ("” (" in line or "” [" in line)


def quote(passage: Passage) -> str:
    """Quote the beginning of a passage, with its source and heading."""
    return f"“{_beginning(passage.text, limit=_SHORT, mark='…')}” ({passage.source}, {passage.heading})"


def cite(passage: Passage) -> str:
    """Quote word for word, with nothing added: citations are looked up in the passage."""
    return f"“{_beginning(passage.text, limit=MAX_QUOTE, mark='')}” [{passage.source}]"


def _beginning(text: str, *, limit: int, mark: str) -> str:
    text = text.lstrip("-* ")
    head = text[:limit]
    if text == head:
        return text
    if ". " in head:
        return head.rpartition(". ")[0] + "."
    return head + mark if mark else head.rpartition(" ")[0] or head
