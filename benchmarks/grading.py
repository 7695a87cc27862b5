"""Grade what models answered to the questions of `benchmarks/questions/`, by rules of its own.

Nothing here reads answers as the package does (`core/agreement/answers.py`): what is measured must not be the measure.
"""

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
QUESTIONS = Path(__file__).with_name("questions")
SETS = ("everyday", "choice", "open", "gsm8k")
LETTERS = "ABCD"
_LONGEST, _STEPS, _SEED, _OF_GSM8K = 260, range(2, 5), 24, 60
_BRIEF = 40
"""Words up to which an answer that names one option chooses it; a longer one may have come by it."""
_NUMBER = re.compile(r"(?<![\w.])[-−]?\$?\d[\d,]*(?:\.\d+)?")
_SPELLED = {
    "meter": "metre",
    "liter": "litre",
    "center": "centre",
    "airplane": "aeroplane",
    "1,000": "1000",
    "10,000": "10000",
}
_ELSEWHERE = re.compile(r"(?<!thermo)(?:meter|liter|center|airplane)|\b10?,000\b", re.IGNORECASE)
_BOX = re.compile(r"\\boxed\{([^{}]{1,200})\}")
_WRAPPED = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]{0,200})\}")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_FINAL = re.compile(r"final answer\b[\s:*_`]*(?:is\b[\s:*_`]*)?([^\n]{1,300})", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:answer\b[*_`]*(?:\s+is\b)?[ \t:*_`\n]*"
    r"|(?:correct|right|best) (?:option|choice)\b[*_`]*(?:\s+is\b)?[ \t:*_`]*)([^\n]{1,300})",
    re.IGNORECASE,
)
_NOT = re.compile(r"\W*not\b", re.IGNORECASE)
_LETTER = re.compile(r"[\s*_`\"'(\[]*(?:(?:option|choice|letter)[\s*_`:]*)?([A-D])(?=[\s*_`\"'.,:;)\]]|$)")
_MARKED = re.compile(r"(?<![\w(])\(?([A-D])[).:]")
_POINT = re.compile(r"\s*(?:\d{1,2}\s*[.):]|[-*•–]\s)\s*\S")
_ENUMERATED = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
_SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)[.!?…]+[\"'”’)*_]*(?=\s|$)")
_A_SENTENCE, _A_RUN = 5, 8
"""Words from which a sentence of ours, and any part of our prompts, is no coincidence."""
_OF_REFERENCES = re.compile(r"\b(?:references?|drafts? answers?|other assistants?)\b", re.IGNORECASE)
_SILLY = re.compile(r"\W*final answer\b", re.IGNORECASE)
_TAG = re.compile(r"[<‹]?/?\b(?:reference|evidence|proposal|answer|problem|tool|analysis)-[0-9a-f]{12}\b")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Question:
    """Hold one question, and what decides whether an answer to it is right."""

    set: str
    id: str
    text: str
    """As it is put to every system."""
    key: dict[str, Any] = field(repr=False)
    """The line of its file."""


def questions_of(name: str, gsm8k: Path, limit: int | None = None) -> list[Question]:
    """Read a set of questions.

    Args:
        name: One of `SETS`.
        gsm8k: A file in GSM8K's form; none is a part of this project.
        limit: How many at most.
    """
    if name == "gsm8k":
        return _of_gsm8k(gsm8k)[:limit]
    with (QUESTIONS / f"{name}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Question(name, row["id"], _put(row), row) for row in rows[:limit]]


def _put(row: dict[str, Any]) -> str:
    options = [f"{letter}) {option}" for letter, option in zip(LETTERS, row.get("options", ()), strict=False)]
    return "\n".join([row["question"], *options])


def _of_gsm8k(path: Path) -> list[Question]:
    """Choose short questions of two to four steps, the same ones every time."""
    fitting = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            worked = row.get("ground_truth") or row["answer"]
            working, _, gold = worked.rpartition("####" if "####" in worked else "A:")
            steps = working.count("<<") or len(working.strip().splitlines())
            gold = gold.strip().replace(",", "").lstrip("$")
            short = len(row["question"]) < _LONGEST and steps in _STEPS and re.fullmatch(r"-?\d+(?:\.\d+)?", gold)
            # A copy of the question must not be right.
            if short and float(gold) not in map(_value, _NUMBER.findall(row["question"])):
                fitting.append(Question("gsm8k", f"g{number:04}", row["question"], {"gold": gold}))
    random.Random(_SEED).shuffle(fitting)
    return fitting[:_OF_GSM8K]


def is_right(question: Question, text: str) -> bool:
    """Tell whether an answer is right; of an open question, whether it has the form that was asked for."""
    if question.set == "everyday":
        return _is_named(question.key, text)
    if question.set == "choice":
        return bool(chosen(text, question.key["options"]) == question.key["gold"])
    if question.set == "gsm8k":
        number = last_number(text)
        return number is not None and abs(number - float(question.key["gold"])) < 1e-6
    return not misfits(question.key["form"], text)


def _is_named(key: dict[str, Any], text: str) -> bool:
    plain = _EMPHASIS.sub("", _WRAPPED.sub(r"\1", text))
    first, rival = (_first(key.get(what, ()), plain) for what in ("checks", "rivals"))
    return first < min(rival, len(plain)) and not _holds(key.get("rejects", ()), plain)


def _holds(patterns: Iterable[str], text: str) -> bool:
    return any(_whole(pattern).search(text) for pattern in patterns)


def _first(patterns: Iterable[str], text: str) -> float:
    """Return where the first of them stands; of two answers in one, the first counts."""
    return min((match.start() for pattern in patterns if (match := _whole(pattern).search(text))), default=inf)


@cache
def _whole(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that matches whole words and numbers only."""
    return re.compile(rf"(?<!\w)(?<!\d[.,])(?:{pattern})(?!\w)(?![.,]\d)", re.IGNORECASE)


def chosen(text: str, options: Sequence[str]) -> str | None:
    """Return the letter that an answer comes to, by its letter or by the option's own words; None where it names none.

    What is said last counts, in this order: a box, a line "Final answer", a sentence on the answer, how it begins, the
    only letter or option that it names. A letter with another option's words is no answer.

    Args:
        text: The answer.
        options: The four options' words, A first.
    """
    text = _without_copy(_WRAPPED.sub(r"\1", text), options)
    for rule in (_BOX, _FINAL, _CONCLUDES):
        for statement in reversed(rule.findall(text)):
            if (letter := _letter_of(statement, options)) is not None:
                return letter or None
    if (letter := _letter_of(text.strip().partition("\n")[0], options, anywhere=False)) is not None:
        return letter or None
    marked: set[str] = {*_MARKED.findall(text)}
    if len(marked) == 1:
        return marked.pop()
    lines = text.strip().splitlines()
    # Where the options are gone through one by one, the last of them is not chosen for standing last.
    last = "" if len(marked) > 2 or not lines else lines[-1]
    for part in (text if len(_WORD.findall(text)) <= _BRIEF else "", last, *re.split(r"(?<=[.!?])\s+", last)[-1:]):
        if len(named := _named(part, options)) == 1:
            return named[0]
    return None


def _without_copy(text: str, options: Sequence[str]) -> str:
    """Leave out the list of options, where an answer repeats it: it is nobody's choice."""
    listed = [rf"\W*{letter}[).:]?\s*{re.escape(option)}\W*" for letter, option in zip(LETTERS, options, strict=False)]
    lines = text.splitlines()
    copied = {number for number, line in enumerate(lines) if any(re.fullmatch(one, line) for one in listed)}
    return "\n".join(line for number, line in enumerate(lines) if number not in copied) if len(copied) > 2 else text


def _letter_of(statement: str, options: Sequence[str], *, anywhere: bool = True) -> str | None:
    """Return the letter that some words begin with, or of the only option in them; "" where these differ."""
    if _NOT.match(statement):
        return None
    named = _named(statement.partition(". ")[0] if anywhere else statement, options)
    match = _LETTER.match(statement)
    if match and _is_article(match, statement):
        match = None
    if match:
        return "" if len(named) == 1 and named[0] != match[1] else match[1]
    return named[0] if anywhere and len(named) == 1 else None


def _is_article(match: re.Match[str], statement: str) -> bool:
    """Tell the letter A from the word: a small letter follows it, and nothing sets it apart."""
    return match[1] == "A" and re.match(r" [a-z]", statement[match.end() :]) is not None


def _named(text: str, options: Sequence[str]) -> list[str]:
    """Return the letters of the options whose words stand in a text, and not only as a part of another option."""
    spots = {}
    text = _ELSEWHERE.sub(lambda match: _SPELLED[match[0].lower()], text)
    for letter, option in zip(LETTERS, options, strict=False):
        words = re.escape(option.rstrip(".")).replace(r"\ ", r"\s+") + (r"(?:s|es)?" if option.isalpha() else "")
        spots[letter] = [match.span() for match in _whole(words).finditer(text)]
    return [
        letter
        for letter, mine in spots.items()
        if any(
            not any(a <= low and high <= b and (a, b) != (low, high) for all_ in spots.values() for a, b in all_)
            for low, high in mine
        )
    ]


def last_number(text: str) -> float | None:
    """Return the number that an answer ends in: the last one in a box, in a line "Final answer", or at all."""
    text = text.replace("\\!", "").replace("{,}", ",").replace("\\$", "$").replace("\\%", "%")
    for part in (*_BOX.findall(text)[-1:], *_FINAL.findall(text)[-1:], _ENUMERATED.sub("", text)):
        if numbers := _NUMBER.findall(part):
            return _value(numbers[-1])
    return None


def _value(number: str) -> float:
    return float(re.sub(r"[,$]", "", number).replace("−", "-"))


def misfits(form: dict[str, Any], text: str) -> list[str]:
    """Say what an open answer has not of the form that was asked for."""
    body = text.strip()
    counts = {
        "words": len(_WORD.findall(body)),
        "lines": len(lines_of(body)),
        "items": len(items_of(body)),
        "sentences": sentences_in(body),
    }
    wrong = [
        f"{count} {what} for {form[what][0]} to {form[what][1]}"
        for what, count in counts.items()
        if what in form and not form[what][0] <= count <= form[what][1]
    ]
    if form.get("holds") and not _holds(form["holds"], body):
        wrong.append("nothing of what it is about")
    if ends_in_final_line(body):
        wrong.append("a last line `Final answer`")
    return wrong


def lines_of(text: str) -> list[str]:
    """Return the lines that are not empty, without an announcement before them."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" \t`*_-")]
    if len(lines) > 1 and lines[0].rstrip("*_ ").endswith(":") and not _POINT.match(lines[0]):
        return lines[1:]
    return lines


def items_of(text: str) -> list[str]:
    """Return the points of a list: numbered or dashed ones, else all lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    points = [line for line in lines if _POINT.match(line)]
    outer = min((len(line) - len(line.lstrip()) for line in points), default=0)
    return [line for line in points if len(line) - len(line.lstrip()) <= outer] or lines_of(text)


def sentences_in(text: str) -> int:
    """Count sentences: by how they end, and one more for what ends in nothing."""
    body = _ENUMERATED.sub("", "\n".join(lines_of(text)))
    ends = [match.end() for match in _SENTENCE_END.finditer(body)]
    return len(ends) + bool(_WORD.search(body[ends[-1] if ends else 0 :]))


def ends_in_final_line(text: str) -> bool:
    """Tell whether the last line is one that only a short answer may have."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and _SILLY.match(lines[-1]) is not None


def ours_in(text: str) -> list[str]:
    """Return what an answer holds of our own: a tag with its nonce, a sentence, a long run of words."""
    words = _words(text)
    runs = [run for run in map(tuple, _runs(words)) if run in _our_runs()]
    spoken = f" {' '.join(words)} "
    sentences = [sentence for sentence in our_sentences() if f" {sentence} " in spoken]
    return _TAG.findall(text) + (sentences or [" ".join(run) for run in runs[:1]])


def speaks_of_references(text: str) -> bool:
    """Tell whether an answer speaks of references or drafts, of which its reader knows nothing."""
    return _OF_REFERENCES.search(text) is not None


@cache
def our_sentences() -> tuple[str, ...]:
    """Return the sentences of `prompts/` that have five words or more, as words alone."""
    parts = re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\n- |\$\w+|\0", _our_prompts())
    return tuple(dict.fromkeys(" ".join(words) for words in map(_words, parts) if len(words) >= _A_SENTENCE))


@cache
def _our_runs() -> frozenset[tuple[str, ...]]:
    """Return all runs of words that no answer has by chance."""
    parts = re.split(r"\$\w+|\0", _our_prompts())
    return frozenset(tuple(run) for part in parts for run in _runs(_words(part)))


@cache
def _our_prompts() -> str:
    return "\0".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "prompts").glob("*.md")))


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def _runs(words: Sequence[str]) -> Iterable[Sequence[str]]:
    return (words[start : start + _A_RUN] for start in range(len(words) - _A_RUN + 1))
