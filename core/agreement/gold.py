"""Tell whether an answer is the right one, where only one of the two names a unit."""

import re

from .answers import read_answer
from .units import folded, known_unit, singular, spellings
from .values import FinalAnswer, kind_of, same_answer

_KINDS = tuple(
    map(
        str.split,
        (
            "km m cm mm mile inch foot",
            "kg g mg lb",
            "second minute hour day year",
            "$ € £ cent",
            "°C °F",
            "km/h mph",
            "l ml",
            "kW MW mW W",
        ),
    )
)
"""Units of one kind: one of them is no other."""
_OTHER_NUMBERS = frozenset(
    "half halve third quarter fourth fifth sixth seventh eighth ninth tenth hundredth thousandth millionth hundred "
    "thousand million billion trillion quadrillion mio mrd milliard lakh crore dozen couple pair gross times fold "
    "double triple per each every".split()
)
"""Words, without the `s` of a plural, that make another number of the one before them, or a rate."""
_UNCOUNTED = frozenset("people children men women mice teeth geese fish sheep".split())
"""Plurals without an `s`."""
_OPTION = re.compile(r"^[ \t]{0,9}\(?(?P<letter>[A-Za-h])[.):][ \t]+(?P<text>\S[^\n]{0,199})$", re.MULTILINE)
"""A line that lists one: not behind a small `i.`, which may be a Roman numeral."""
_GLUED = re.compile(r"[A-Z]{2,26}")
_ORDER = re.compile(
    r"\b(?:order|rank|arrang|sequence|sort|respective|match|reihenfolge|ordn|geordnet|ordre|orden|ordem|ordin|volgorde"
    r"|kolejno|uporządk|порядк|послед|упоряд|відпов|соответ|sırala|urut|thứ tự)"
    r"|顺序|順序|順番|排序|排列|依次|分别|それぞれ|순서|차례|각각|ترتيب|क्रम|ลำดับ",
    re.IGNORECASE,
)
"""What a question says where the order of several options may count."""
_WORD = re.compile(r"[^\W\d_]+")
_ASKED = re.compile(r"\b(?:how many|how much|in)\s+(?P<unit>\S+(?:\s+[^\W\d_]+){0,2})", re.IGNORECASE)
_SENTENCE = re.compile(r"[.?!\n]+")
_PERCENT = re.compile(r"%|\bper ?cent", re.IGNORECASE)


def is_gold(answer: FinalAnswer, gold: FinalAnswer, question: str | None = None) -> bool:
    """Tell whether an answer is gold; a number may leave out a unit, or add one, where the question leaves no doubt.

    - Gold without a unit takes an answer with one that everybody knows, that the question names, or that is a plural
      (`7 cards`): not with what makes another number of it (`7 dozens`), nor with a unit of the kind that the question
      asks for and another one (`48 km` for how many miles), nor with `%` where it asks how many of something else.
    - Gold with a unit takes a bare number where the question names that unit. Without a question, a unit that everybody
      knows may be left out, as it may be where answers are compared.
    - Two units, or two scales, must be the same.
    - Gold that is an option's letter takes the words of that option, where the question lists them.
    - Gold of several options takes them in any order, where the question says nothing of one, and also as `AC` or
      `["A", "C"]`, where it lists them.

    Args:
        answer: What was answered.
        gold: What is right.
        question: What was asked; None where nobody knows.
    """
    if answer.value == gold.value and answer.detail == gold.detail:
        return True
    if question and kind_of(gold) == "letter":
        return same_answer(answer, gold) or _is_option(answer, str(gold.value[1]), question)  # type: ignore[index]
    if question and len(chosen := _several(gold, question)) > 1:
        return same_answer(answer, gold) or (chosen == _several(answer, question) and not _ORDER.search(question))
    if _number(answer) is None or _number(answer) != _number(gold):
        return same_answer(answer, gold)
    mine, theirs = _unit(answer), _unit(gold)
    if bool(mine) == bool(theirs) or "=" in answer.detail + gold.detail:
        return same_answer(answer, gold)
    if mine:
        return _may_add(answer, mine, question or "")
    if question is None:
        return same_answer(answer, gold)
    return names_unit(question, theirs)


def _is_option(answer: FinalAnswer, letter: str, question: str) -> bool:
    """Tell whether an answer has the words of one option, and of no other."""
    options = [(match["letter"].upper(), read_answer(match["text"])) for match in _OPTION.finditer(question)]
    meant = {name for name, option in options if option and same_answer(answer, option)}
    return meant == {letter}


def _several(answer: FinalAnswer, question: str) -> set[str]:
    """Return the options that an answer names; written side by side, they have to be those of the question's list."""
    kind, value = kind_of(answer), answer.value[1] if isinstance(answer.value, tuple) else None
    if kind == "letters" and isinstance(value, tuple):
        return set(map(str, value))
    options = {match["letter"].upper(): match["text"].strip(" .") for match in _OPTION.finditer(question)}
    letters: set[object] = set()
    if kind == "literal" and isinstance(value, tuple) and value[0] in {"list", "tuple", "set"}:
        letters = {part[1] if isinstance(part, tuple) else part for part in value[1]}
    elif kind == "words" and _GLUED.fullmatch(str(value)) and value not in options.values():
        letters = set(str(value))
    is_each_once = kind != "words" or len(letters) == len(str(value))
    return {letter for letter in options if letter in letters} if letters <= options.keys() and is_each_once else set()


def names_unit(question: str, unit: str) -> bool:
    """Tell whether a text names a unit, in whichever spelling; `m` and `in` only behind a number."""
    if known_unit(unit) is None:
        stems = {singular(word) for word in _WORD.findall(question.casefold())}
        return all(singular(word) in stems for word in _WORD.findall(unit.casefold()))
    words = f" {' '.join(_WORD.findall(question.casefold()))} "
    for spelled in spellings(unit):
        if len(spelled) == 1 and not spelled.isalpha():
            is_named = spelled in question
        elif spelled.islower() and len(spelled) > 2 and spelled.replace(" ", "").isalpha():
            is_named = f" {spelled} " in words
        else:
            before = r"(?<=\d) ?" if len(spelled) == 1 or spelled == "in" else r"(?<![^\W\d_])"
            is_named = re.search(rf"{before}{re.escape(spelled)}(?![^\W\d_])", question) is not None
        if is_named:
            return True
    return False


def _may_add(answer: FinalAnswer, unit: str, question: str) -> bool:
    """Tell whether an answer may name a unit that gold leaves out."""
    if known_unit(unit):
        return not _contradicts(unit, question)
    if question and names_unit(question, unit):
        return True
    words = _WORD.findall(answer.shown.casefold())
    if any({word, singular(word)} & _OTHER_NUMBERS for word in words):
        return False
    plural = any(word in _UNCOUNTED or (singular(word) != word and not word.endswith("ss")) for word in words)
    return plural or _number(answer) == 1


def _contradicts(unit: str, question: str) -> bool:
    """Tell whether a question asks for another unit of the same kind, or `%` answers how many there are."""
    if unit == "%":
        counting = [part for part in _SENTENCE.split(question) if "how many" in part.casefold()]
        return bool(counting) and not any(map(_PERCENT.search, counting))
    wanted = _wanted(question)
    return unit not in wanted and any(unit in kind and not wanted.isdisjoint(kind) for kind in _KINDS)


def _wanted(question: str) -> set[str]:
    """Return the units that a question asks for: how many of them, or in which."""
    units = set()
    for match in _ASKED.finditer(question):
        words = [word.strip(".,;:?!()") for word in match["unit"].split()]
        for count in (3, 2, 1):
            phrase = " ".join(words[:count])
            unit = None if (len(phrase) < 2 and phrase.isalpha()) or phrase == "in" else known_unit(folded(phrase))
            if unit:
                units.add(unit)
                break
    return units


def _number(answer: FinalAnswer) -> object:
    value = answer.value
    return value[1] if isinstance(value, tuple) and value[0] == "number" else None


def _unit(answer: FinalAnswer) -> str:
    value = answer.value
    return str(value[2]) if isinstance(value, tuple) and len(value) > 2 else answer.detail
