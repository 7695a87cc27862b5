"""Find the short final answer in a text, and compare it as what it is: a number, a letter, a date, a literal.

Models write one answer in many ways: `1,234`, `$1234.00`, `**1234 dollars**`. Compared as written, six models agreed
on 47 % of 1,319 arithmetic questions; with numbers compared as numbers on 60 %, and were right as often.
"""

import ast
import json
import math
import re
import unicodedata
from collections.abc import Hashable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

_TAIL = 6000
"""Characters at a text's end in which a final answer is looked for, so that a text of any length costs the same."""
_MARKS = 20
"""How many of a text's last marks are looked at until one says something."""
_LONGEST = 200
_WORDS = 8
"""How many words an answer has at most that is no number, letter, date or literal."""


class Answer(NamedTuple):
    """Hold a final answer: answers with one value are the same unless they name different details."""

    value: Hashable
    detail: str
    """The unit of a number, the text beside an option's letter; empty where there is none, which fits any."""
    shown: str
    """As its author wrote it, on one line."""


def final_answer(text: str) -> Answer | None:
    """Return the short answer that a text ends on; None where it has none, as with open questions.

    A marked answer counts (`Final answer: 42`, `#### 42`, a boxed one, a JSON field `answer`), the last one where
    there are several; else the whole text, where it is nothing but an answer. Marks in quotes are somebody else's.
    """
    marked = _marked(text[-_TAIL:])
    if marked is not None:
        return read_answer(marked)
    whole = text[: _LONGEST + 1].strip()
    if len(text) > _LONGEST or "\n" in whole:
        return None
    answer = read_answer(whole)
    is_prose = answer is not None and isinstance(answer.value, tuple) and answer.value[0] == "words"
    return None if is_prose and not _BARE.fullmatch(whole) else answer


_LABEL = r"(?:(?:the|my|our)\s+)?(?:(?:final|correct|short)\s+)?answer"
_STRONG = re.compile(
    rf"""
      ^[ \t]{{0,9}}(?:[-*•][ ])?[*_#` ]{{0,9}}(?:{_LABEL}[ ]?[*_]{{0,3}}[ ]?(?:[:=]|\bis\b:?)|A:)[*_ ]*(?P<line>[^\n]*)
    | ^[ \t]{{0,9}}\#{{4}}[ ]*(?P<hashes>[^\n]+)
    | <answer>(?P<tag>.{{1,400}}?)</answer>
    | \\boxed[ ]?\{{(?P<boxed>)
    | "(?:final[_ ]?)?answer"\s{{0,9}}:\s{{0,9}}
      (?P<json>"(?:[^"\\]|\\.)*"|[^"\n]{{1,400}}?(?=\s{{0,9}}(?:\n|\}}\s{{0,9}}(?:$|`|<)|,\s{{0,9}}")))
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_WEAK = re.compile(
    rf"""(?<!["'“‘«`])\b(?:{_LABEL}\s+(?:is|=|would\ be|should\ be|must\ be)\b:?|final\ answer:)
    [*_ ]*(?P<line>[^\n]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_BARE = re.compile(r"[^\s.:;?!]+(?: [^\s.:;?!]+){0,3}\.?")
_SENTENCE_END = re.compile(r"(?<=[^\s.])[.!;](?=\s|$)|,?\s+(?:because|since|which|as)\b")
_QUOTED = re.compile(r"^\s*>")


def _marked(text: str) -> str | None:
    """Return what the last mark says; a line of its own counts more than a mark within a sentence."""
    for mark in (_STRONG, _WEAK):
        if marks := list(mark.finditer(text)):
            stated = (_stated(text, found) for found in reversed(marks[-_MARKS:]))
            return next(filter(None, stated), "")
    return None


def _stated(text: str, found: re.Match[str]) -> str | None:
    kind = found.lastgroup
    if kind == "boxed":
        return _in_braces(text, found.end())
    said = found[kind] if kind else ""
    if kind == "json":
        return _json_value(said)
    if kind == "line":
        return _first_sentence(said or _next_line(text, found.end()))
    return said.strip()


def _json_value(written: str) -> str | None:
    if not written.startswith('"'):
        return written.strip()
    try:
        return str(json.loads(written)).strip()
    except ValueError:
        return written[1:-1].strip()


def _next_line(text: str, start: int) -> str:
    return next((line for line in text[start:].splitlines() if line.strip()), "")


def _in_braces(text: str, start: int) -> str | None:
    depth = 1
    for at in range(start, min(len(text), start + _LONGEST)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start:at].strip()
    return None


def _first_sentence(line: str) -> str:
    line = line.strip()
    if _LITERAL.match(line):
        return line
    end = _SENTENCE_END.search(line)
    return line[: end.start()] if end else line


_LITERAL = re.compile(r"[\[({]|[bru]{0,2}['\"]", re.IGNORECASE)
_WRAPPERS = [(mark, mark) for mark in ("***", "**", "__", "*", "_", "```", "`", "$$")] + [
    ("\\(", "\\)"),
    ("\\[", "\\]"),
]
_IN_LATEX = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{(-?\d+)\}\s*\{(-?\d+)\}")
_LATEX = {
    "\\!": "",
    "\\%": "%",
    "\\$": "$",
    "\\,": " ",
    "\\ ": " ",
    "^\\circ": "°",
    "^{\\circ}": "°",
    "\\(": "",
    "\\)": "",
}
_VULGAR = re.compile(r"(\d)([¼-¾⅐-⅞])")
_SIGNS = str.maketrans("−–⁄’٫٬", "--/'.,")
_BAD_ESCAPE = re.compile(r"\\(?![\\'\"abfnrtv\nxuUN]|[0-3]?[0-7]{1,2}(?![0-7]))")
_LETTER = re.compile(r"(?:(?:option|choice|Option|Choice)\s+)?(?:\(([A-Ha-h])\)|([A-H])(?=$|[).:]))[).:]?\s*(.*)", re.S)
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NO_ANSWER = re.compile(
    r"\b(?:i|we)\s*(?:can(?:no|')t|cannot|am|'m|do(?:n't| not))|\bsorry\b|\b(?:or|either|maybe|perhaps)\b", re.I
)
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>[a-z]{3,9})\.?,?\s+(?P<y>\d{4})"),
    re.compile(r"(?P<month>[a-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"),
)
_DECIMALS = r"(?:[.,]\d{1,20})?"
_DIGITS = rf"""(?:
    \d{{1,3}}(?:[\ ,.']\d{{3}})+{_DECIMALS}
  | \d{{1,2}}(?:,\d{{2}})+,\d{{3}}(?:\.\d{{1,20}})?
  | \d{{1,40}}{_DECIMALS}
  | \.\d{{1,20}}
)"""
"""With thousands set apart in the Western, Swiss, French or Indian way."""
_NUMBER = re.compile(
    rf"""(?:(?P<name>[a-z])\s*=\s*)?
    (?P<sign>[-+]?)\s*(?P<before>[$€£¥₹]|us\$|usd|eur|rs\.?)?\s*(?P<sign2>[-+]?)
    (?:(?P<whole>\d{{1,9}})[ ]+)??(?P<digits>{_DIGITS})(?:e(?P<power>[-+]?\d{{1,2}}))?(?:\s*/\s*(?P<under>\d{{1,12}}))?
    \s*(?P<unit>[^\d=,;:()]{{0,60}})""",
    re.IGNORECASE | re.VERBOSE,
)
_SUM = re.compile(r"[\d\s.,+*/×÷()$€£%-]*\d[\d\s.,+*/×÷()$€£%-]*=\s*")
"""What stands before the result where a whole sum is written as the answer."""
_UNITS = {
    unit: names[0]
    for names in (
        ("$", "dollar", "usd", "us$", "us dollar"), ("€", "euro", "eur"), ("£", "pound sterling", "gbp"),
        ("%", "percent", "per cent", "percentage"), ("km", "kilometer", "kilometre"), ("m", "meter", "metre"),
        ("cm", "centimeter", "centimetre"), ("mm", "millimeter", "millimetre"), ("mile", "mi"),
        ("inch", "in", "inches"),
        ("foot", "ft", "feet"), ("kg", "kilogram", "kilo"), ("g", "gram"), ("lb", "pound"), ("oz", "ounce"),
        ("l", "liter", "litre"), ("ml", "milliliter", "millilitre"), ("hour", "h", "hr"), ("minute", "min"),
        ("second", "s", "sec"), ("day", "d"), ("year", "yr"), ("°", "degree", "deg"), ("km/h", "kmh", "kph"),
        ("mph", "miles per hour", "mile per hour"), ("cent", "¢"),
    )
    for unit in names
}  # fmt: skip


def read_answer(stated: str) -> Answer | None:
    """Read a short answer as a literal, letter, yes or no, date, number with a unit, or else as its words.

    Returns:
        None for what is no answer: a refusal, a choice left open, a whole sentence.
    """
    written = _unwrapped(stated)
    shown = " ".join(stated.split()).strip("* ")[:_LONGEST]
    if not written or len(written) > 10 * _LONGEST:
        return None
    if letter := _letter(written, shown):
        return letter
    if _LITERAL.match(written):
        return Answer(_literal(written), "", shown)
    plain = _plain(written).rstrip(".!").strip()
    return _yes_or_no(plain, shown) or _date(plain, shown) or _number(plain, shown) or _words(plain, shown)


def same_answer(one: Answer, other: Answer) -> bool:
    """Tell whether two answers say the same."""
    return one.value == other.value and (one.detail == other.detail or not (one.detail and other.detail))


def _unwrapped(stated: str) -> str:
    """Take off emphasis and LaTeX around an answer; quotes and brackets belong to it."""
    written = stated.strip()
    while True:
        before = written
        for left, right in _WRAPPERS:
            if written.startswith(left) and written.endswith(right) and len(written) > len(left) + len(right):
                written = written[len(left) : -len(right)].strip()
        if re.fullmatch(r"\$[^$]+\$", written):
            written = written[1:-1].strip()
        if written == before:
            return written if written.strip("*_`$ ") else ""


def _plain(written: str) -> str:
    """Write digits, minus signs and spaces in one way, whatever script and style they come in."""
    written = _FRACTION.sub(r"\1/\2", _IN_LATEX.sub(r"\1", written.rstrip("*_` ")))
    for latex, meant in _LATEX.items():
        written = written.replace(latex, meant)
    written = _VULGAR.sub(r"\1 \2", written)
    if not written.isascii():
        written = unicodedata.normalize("NFKC", written).translate(_SIGNS)
        written = "".join(str(unicodedata.decimal(c, c)) for c in written)
    return " ".join(written.split())


def _literal(written: str) -> Hashable:
    """Return a literal's value, else the text as it is: a quote or bracket taken off can make wrong answers equal."""
    if not _BAD_ESCAPE.search(written):
        try:
            return ("literal", _frozen(ast.literal_eval(written)))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass
    return ("verbatim", written)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, bool) or value is None or isinstance(value, str | bytes):
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return ("number", value if isinstance(value, float) and not math.isfinite(value) else Fraction(value))
    if isinstance(value, dict):
        return ("dict", frozenset((_frozen(k), _frozen(v)) for k, v in value.items()))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(_frozen, value)))
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(map(_frozen, value)))
    return (type(value).__name__, repr(value))


def _letter(written: str, shown: str) -> Answer | None:
    found = _LETTER.fullmatch(written.strip("*_` "))
    if not found:
        return None
    text = " ".join(found[3].casefold().split()).strip("*_` .")
    if len(text) > _LONGEST or (found[1] and found[1].islower() and text):
        return None
    return Answer(("letter", (found[1] or found[2]).upper()), text, shown)


def _yes_or_no(plain: str, shown: str) -> Answer | None:
    said = _YES_NO.get(plain.casefold().strip(".!"))
    return None if said is None else Answer(("yes", said), "", shown)


def _date(plain: str, shown: str) -> Answer | None:
    for style in _DATES:
        if found := style.fullmatch(plain.casefold()):
            parts = found.groupdict()
            month = int(parts["m"]) if "m" in parts else _MONTHS.get(parts["month"][:3], 0)
            try:
                return Answer(date(int(parts["y"]), month, int(parts["d"])), "", shown)
            except ValueError:
                return None
    return None


def _number(plain: str, shown: str) -> Answer | None:
    result = _SUM.sub("", plain)
    shown = shown if result == plain else result
    found = _NUMBER.fullmatch(result)
    if not found or _NO_ANSWER.search(found["unit"]) or (found["sign"] and found["sign2"]):
        return None
    under = int(found["under"] or 1)
    if not under or (found["whole"] and not found["under"]):
        return None
    value = (Fraction(found["whole"] or 0) + _fraction(found["digits"]) / under) * Fraction(10) ** int(
        found["power"] or 0
    )
    value = -value if "-" in (found["sign"] + found["sign2"]) else value
    unit = " ".join(filter(None, (_unit(found["before"] or ""), _unit(found["unit"]))))
    name = found["name"] or ""
    return Answer(("number", value), f"{name}={unit}" if name else unit, shown)


def _fraction(digits: str) -> Fraction:
    """Read digits with thousands and decimals set apart in any of the usual ways; `1,234` is a thousand and more."""
    marks = [c for c in digits if not c.isdigit()]
    if not marks:
        return Fraction(digits)
    last = digits.rpartition(marks[-1])
    decimal = len(set(marks)) > 1 or (len(marks) == 1 and (marks[0] == "." or len(last[2]) != 3))
    if decimal and marks[-1] in ".,":
        return Fraction("".join(filter(str.isdigit, last[0])) + "." + last[2])
    return Fraction("".join(filter(str.isdigit, digits)))


def _unit(written: str) -> str:
    unit = " ".join(written.strip("*_` .").split())
    if len(unit) <= 2:  # mW is not MW
        return _UNITS.get(unit, unit)
    unit = unit.casefold()
    for form in (unit, unit.removesuffix("s"), unit.removesuffix("es")):
        if form in _UNITS:
            return _UNITS[form]
    return unit.removesuffix("s")


def _words(plain: str, shown: str) -> Answer | None:
    words = plain.casefold().split()
    if not words or len(words) > _WORDS or _NO_ANSWER.search(plain):
        return None
    return Answer(("words", " ".join(words)), "", shown)
