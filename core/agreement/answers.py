"""Find the short final answer in a text, and compare it as what it is: a number, a letter, a date, a literal.

Models write one answer in many ways: `1,234`, `$1234.00`, `**1234 dollars**`. Compared as written, six models agreed
on 47 % of 1,319 arithmetic questions; with numbers compared as numbers on 60 %, and were right as often.
"""

import ast
import math
import re
import unicodedata
from collections.abc import Hashable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from ..text import printable
from .marks import LITERAL, marked_answer
from .units import folded, known_unit, read_unit

_LONGEST = 200
_WORDS = 8
"""How many words an answer has at most that is no number, letter, date or literal."""


class Answer(NamedTuple):
    """Hold a final answer: answers with one value are the same unless they name different details."""

    value: Hashable
    detail: str
    """The unit of a number, the text beside an option's letter, words as they were set as code; empty where there is
    none, which fits any."""
    shown: str
    """As its author wrote it, on one line."""


def final_answer(text: str) -> Answer | None:
    """Return the short answer that a text ends on; None where it has none, as with open questions.

    A marked answer counts (`Final answer: 42`, `#### 42`, a boxed one, a JSON field `answer`), the last one where
    there are several; else the whole text, where it is nothing but an answer. Marks in quotes are somebody else's.
    When in doubt there is none: two answers that are taken for one are worse than one that is missed.
    """
    marked = marked_answer(text)
    if marked is not None:
        return read_answer(marked)
    whole = text[: _LONGEST + 1].strip()
    if len(text) > _LONGEST or "\n" in whole:
        return None
    answer = read_answer(whole)
    return None if answer and _kind(answer) == "words" and not _BARE.fullmatch(whole) else answer


_BARE = re.compile(r"[^\s.:;?!]+(?: [^\s.:;?!]+){0,3}\.?")
_WRAPPERS = [(mark, mark) for mark in ("***", "**", "*", "$$")] + [
    ("“", "”"),
    ("„", "“"),
    ("«", "»"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("\\text{", "}"),
    ("\\textbf{", "}"),
    ("\\mathrm{", "}"),
    ("\\mathbf{", "}"),
    ("\\boxed{", "}"),
]
_FRACTION = re.compile(r"(\d?)\\[dt]?frac\s*\{(-?\d+)\}\s*\{(-?\d+)\}")
_LATEX = {"\\!": "", "{,}": ",", "\\%": "%", "\\$": "$", "^\\circ": "°", "^{\\circ}": "°"}
_LATEX |= dict.fromkeys(("\\,", "\\;", "\\:", "\\ ", "~"), " ")
_IN_LATEX = re.compile(r"\\(?:text|math)(?:rm|bf|normal)?\s*\{([^{}\\]*)\}")
_SET_APART = re.compile(r"^(?:`([-+]?\d[\d.,]*)`|\\\(\s*([-+]?\d[\d.,]*)\s*\\\)|\$([-+]?\d[\d.,]*)\$)\s+(?=[^\W\d_])")
"""A number in code or LaTeX, before its unit."""
_VULGAR = re.compile(r"(\d)([¼-¾⅐-⅞])")
_DOT_AFTER = re.compile(r"([*_`$)}\]])\.$")
_FORMULA = re.compile(r"(?=.*[\\^+*/=\d])[\w\s\\^+*/=().{}|!-]+")
_RAISED = re.compile(r"([⁺⁻⁰¹²³⁴-⁹₀-₉]+)")
_SIGNS = str.maketrans("−–⁄’٫٬", "--/'.,")
_BAD_ESCAPE = re.compile(r"\\(?![\\'\"abfnrtv\nxuUN]|[0-3]?[0-7]{1,2}(?![0-7]))")
_LETTER = re.compile(
    r"(?:(?i:option|choice|answer)\s+)?(?:\((?P<round>[A-Ha-h])\)|(?P<bare>[A-H])(?=$|\)|[.:](?:\s|$)))[).:]?(?P<tail>.*)",
    re.DOTALL,
)
_LETTERS = re.compile(r"\(?([A-H])\)?(?:\s*(?:,|;|&|\band\b)\s*(?:and\s+)?\(?([A-H])\)?)+")
_NO_TAIL = re.compile(
    r"\s*(?:[,;&/(+×–-]|(?i:and|or|is|not|nor|but|if|unless|only|with|then|plus|through|as)\b)|.*"
    r"(?:\([A-H]\)|\b[A-H][).:]|\b(?i:false|wrong|incorrect|excluded)\b)",
    re.DOTALL,
)
"""What makes a letter something else than the option that was chosen."""
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_OPEN = re.compile(
    r"\b(?:i|we)\s*(?:can(?:no|')t|cannot|am|'m|do(?:n't| not))|\bsorry\b"
    r"|\b(?:or|either|maybe|perhaps|alternatively)\b",
    re.IGNORECASE,
)
"""A refusal, or a choice that is left open."""
_NO_ANSWER = re.compile(
    r"""n/?a | \(?none\)? | null | nil | tb[ad] | idk | un(?:known|clear|decided|determined|answerable|sure) | open
    | indeterminate | [?\-_.…]+ | [<\[(].*[>\])] | your[ ]answer.* | the[ ]answer.*
    | (?:it[ ])?(?:all[ ])?(?:depends|varies)\b.* | see\b.* | (?:i|we)[ ]have[ ]no\b.*
    | not[ ](?:sure|known|clear|applicable|enough|given|specified|available|possible|certain)\b.*
    | (?:unable|can(?:not|'t)|could[ ]not|couldn't|insufficient)\b.*
    | no[ ](?:idea|answer|clear|short|single|definite|definitive|valid|solution)\b.*""",
    re.IGNORECASE | re.VERBOSE,
)
"""What models write where they have none."""
_MONTHS = {
    name: number
    for number, month in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
    for name in (month, month[:3], month[:4] if month == "september" else month)
}
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>[a-z]{3,9})\.?,?\s+(?P<y>\d{4})"),
    re.compile(r"(?P<month>[a-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"),
)
_DIGITS = r"""(?:
    \d{1,3}(?:,\d{3})+(?:\.\d{1,20})?
  | \d{1,3}(?:[ ]\d{3})+(?:[.,]\d{1,20})?
  | \d{1,3}(?:'\d{3})+(?:\.\d{1,20})?
  | \d{1,3}(?:\.\d{3})+,\d{1,20}
  | \d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,20})?
  | \d{1,40}(?:[.,]\d{1,20})?
  | \.\d{1,20}
)"""
"""With thousands set apart in the Western, French, Swiss, German or Indian way."""
_NUMBER = re.compile(
    rf"""(?:(?P<name>[a-z])\s*=\s*)?
    (?P<sign>[-+]?)\s*(?P<before>[$€£¥₹]|us\$|usd|eur|gbp|rs\.?)?\s*(?P<sign2>[-+]?)
    (?:(?P<whole>\d{{1,9}})[ ]+)??(?P<digits>{_DIGITS})(?:e(?P<power>[-+]?\d{{1,2}}))?(?:\s*/\s*(?P<under>\d{{1,12}}))?
    (?:(?P<gap>[ ]*)(?P<unit>[^\d\s].*))?""",
    re.IGNORECASE | re.VERBOSE,
)
_SUM = re.compile(r"[\d\s.,+*/×÷()$€£%-]*\d[\d\s.,+*/×÷()$€£%-]*")
"""What stands before the result where a whole sum is written as the answer."""


def read_answer(stated: str) -> Answer | None:
    """Read a short answer as a literal, letter, yes or no, date, number with a unit, or else as its words.

    Returns:
        None for what is no answer: a refusal, a choice left open, a whole sentence, a lead-in to something else.
    """
    written = _unwrapped(stated)
    shown = printable(" ".join(stated.split())).strip("* ")[:_LONGEST]
    is_literal = LITERAL.match(written)
    if not written or len(written) > _LONGEST * (10 if is_literal else 1) or written[-1] in ":{[(\\":
        return None
    if letter := _letter(written, shown):
        return letter
    if _NO_ANSWER.fullmatch(written.strip(". ")) and not (is_literal and _parsed(written)):
        return None
    if is_literal:
        return Answer(_literal(written), "", shown)
    code = written.strip("`").strip()
    if written.count("`") % 2 or (written[0] == written[-1] == "`" and "`" in code):
        return None  # half of a piece of code, or several
    if written[0] == written[-1] == "`" and code:
        return _code(code, shown)
    plain = _plain(written).removesuffix(".").strip()
    return _yes_or_no(plain, shown) or _date(plain, shown) or _number(plain, shown) or _words(plain, shown)


def short_answer(stated: str) -> Answer | None:
    """Read gold: a short answer, or a text that ends on one, as GSM8K's solutions do, which are never one line."""
    if "\n" in stated.strip():
        return final_answer(stated) or read_answer(stated)
    return read_answer(stated) or final_answer(stated)


def same_answer(one: Answer, other: Answer) -> bool:
    """Tell whether two answers say the same."""
    return one.value == other.value and (one.detail == other.detail or not (one.detail and other.detail))


def is_formula(answer: Answer) -> bool:
    """Tell what computer algebra can say something about, from words, letters, dates, lists and measured numbers."""
    if answer.detail or len(answer.shown) >= _LONGEST or _kind(answer) not in ("number", "words", "verbatim"):
        return False
    return bool(_FORMULA.fullmatch(answer.shown))


def _kind(answer: Answer) -> str:
    return str(answer.value[0]) if isinstance(answer.value, tuple) else "date"


def _unwrapped(stated: str) -> str:
    """Take off emphasis, LaTeX and curly quotes around an answer; straight quotes and brackets belong to it."""
    written = stated.strip()
    while True:
        before = written = _DOT_AFTER.sub(r"\1", written)
        for left, right in _WRAPPERS:
            inner = written[len(left) : -len(right)]
            if written.startswith(left) and written.endswith(right) and inner.strip() and right not in inner:
                written = inner.strip()
        if re.fullmatch(r"\$[^$]+\$", written):
            written = written[1:-1].strip()
        if written == before:
            return written if written.strip("*_`$ ") else ""


def _plain(written: str) -> str:
    """Write digits, minus signs and spaces in one way, whatever script and style they come in."""
    written = _SET_APART.sub(lambda number: f"{number[1] or number[2] or number[3]} ", written)
    written = _FRACTION.sub(lambda m: f"{m[1]} {m[2]}/{m[3]}".strip(), _IN_LATEX.sub(r"\1", written))
    for latex, meant in _LATEX.items():
        written = written.replace(latex, meant)
    if not written.isascii():
        written = _RAISED.sub(r"^\1", _VULGAR.sub(r"\1 \2", written))
        written = unicodedata.normalize("NFKC", written).translate(_SIGNS)
        written = "".join(str(unicodedata.decimal(c, c)) for c in written)
    return " ".join(written.split())


def _literal(written: str) -> Hashable:
    """Return a literal's value, else the text as it is: a quote or bracket taken off can make wrong answers equal."""
    return _parsed(written) or ("verbatim", written)


def _parsed(written: str) -> Hashable | None:
    if _BAD_ESCAPE.search(written):
        return None
    try:
        value = _frozen(ast.literal_eval(written))
        return value if isinstance(value, tuple) and value[0] == "number" else ("literal", value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


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
    if _LETTERS.fullmatch(written):
        return Answer(("letters", tuple(re.findall(r"\b[A-H]\b", written))), "", shown)
    found = _LETTER.fullmatch(written)
    if not found or (found["round"] and found["round"].islower() and found["tail"].strip()):
        return None
    tail = " ".join(found["tail"].casefold().split()).strip("*_` .")
    if len(tail) > _LONGEST or _NO_TAIL.match(found["tail"]) or _OPEN.search(tail):
        return None
    if found["bare"] and found["tail"].strip()[:1].islower() and f"{found['bare']})" not in written:  # E. coli
        return None
    return Answer(("letter", (found["round"] or found["bare"]).upper()), tail, shown)


def _code(code: str, shown: str) -> Answer:
    """Read what is set as code: two pieces are compared as written, one with what others wrote as plain words."""
    typed = _letter(code, shown) if len(code) == 1 else _yes_or_no(code, shown) or _number(_plain(code), shown)
    if typed:
        return typed
    words = _words(_plain(code), shown)
    return words._replace(detail=f"`{code}`") if words else Answer(("verbatim", code), "", shown)


def _yes_or_no(plain: str, shown: str) -> Answer | None:
    said = _YES_NO.get(plain.casefold())
    return None if said is None else Answer(("yes", said), "", shown)


def _date(plain: str, shown: str) -> Answer | None:
    for style in _DATES:
        if found := style.fullmatch(plain.casefold()):
            parts = found.groupdict()
            month = int(parts["m"]) if "m" in parts else _MONTHS.get(parts["month"], 0)
            try:
                return Answer(date(int(parts["y"]), month, int(parts["d"])), "", shown)
            except ValueError:
                return None
    return None


def _number(plain: str, shown: str) -> Answer | None:
    summed, equals, result = plain.rpartition("=")
    if equals and _SUM.fullmatch(summed):
        plain = shown = result.strip()
    found = _NUMBER.fullmatch(plain)
    if not found or (found["sign"] and found["sign2"]):
        return None
    if re.match(r"0\d", found["digits"]):  # a code, not a number
        return None
    under = int(found["under"] or 1)
    unit = read_unit(found["unit"] or "", gap=bool(found["gap"]))
    if not under or (found["whole"] and not found["under"]) or unit is None:
        return None
    value = Fraction(found["whole"] or 0) + _fraction(found["digits"]) / under
    value *= Fraction(10) ** (int(found["power"] or 0) + unit.power)
    value = -value if "-" in (found["sign"] + found["sign2"]) else value
    before = (found["before"] or "").upper().rstrip(".")
    detail = " ".join(filter(None, (known_unit(before) or before, unit.name if unit.known else "")))
    named = f"{found['name']}={detail}" if found["name"] else detail
    return Answer(("number", value) if unit.known else ("number", value, unit.name), named, shown)


def _fraction(digits: str) -> Fraction:
    """Read digits with thousands and decimals set apart in any of the usual ways; `1,234` is a thousand and more."""
    marks = [c for c in digits if not c.isdigit()]
    if not marks:
        return Fraction(digits)
    whole, mark, rest = digits.rpartition(marks[-1])
    is_small = mark == "." or len(rest) != 3 or whole == "0"
    is_decimal = marks.count(mark) == 1 and mark in ".," and (len(marks) > 1 or is_small)
    if is_decimal:
        return Fraction("".join(filter(str.isdigit, whole)) + "." + rest)
    return Fraction("".join(filter(str.isdigit, digits)))


def _words(plain: str, shown: str) -> Answer | None:
    """Compare words; the case of ordinary ones says nothing, that of symbols does."""
    words = plain.split()
    if not words or len(words) > _WORDS or words[-1].endswith("?") or _OPEN.search(plain):
        return None
    return Answer(("words", " ".join(map(folded, words))), "", shown)
