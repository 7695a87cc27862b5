"""What an answer is, and which two are the same: values are compared, not how they are written."""

import ast
import math
import re
from collections.abc import Hashable
from fractions import Fraction
from typing import Any, NamedTuple

from ..expressions import parse_expression

LONGEST_ANSWER = 200


class FinalAnswer(NamedTuple):
    """Hold a final answer: answers with one value are the same unless they name different details."""

    value: Hashable
    """What it is and says: `("number", Fraction)`, with what is counted where that is no common unit, `("in doubt",
    "2.500")` for digits that may be two numbers, `("letter", "A")` and so on."""
    detail: str
    """The unit of a number, the text beside an option's letter, words as they were set as code; empty where there is
    none, which fits any."""
    shown: str
    """As its author wrote it, on one line."""


_FORMULA = re.compile(r"(?=.*[\\^+*/=\d])(?!.*[\d)}]_)[\w\s\\^+*/=().{}|!-]+", re.ASCII)
"""Without powers and indices in letters of their own, and without a base: to computer algebra `101₂` is 101."""
_BAD_ESCAPE = re.compile(r"\\(?![\\'\"abfnrtv\nxuUN]|[0-3]?[0-7]{1,2}(?![0-7]))")


def same_answer(one: FinalAnswer, other: FinalAnswer) -> bool:
    """Tell whether two answers say the same."""
    return one.value == other.value and (one.detail == other.detail or not (one.detail and other.detail))


def is_formula(answer: FinalAnswer) -> bool:
    """Tell what computer algebra can say something about, from words, letters, dates, lists and measured numbers."""
    if answer.detail or len(answer.shown) >= LONGEST_ANSWER or kind_of(answer) not in ("number", "words", "verbatim"):
        return False
    return bool(_FORMULA.fullmatch(answer.shown))


def kind_of(answer: FinalAnswer) -> str:
    """Return what an answer is: a number, a letter, words, a literal, a date and so on."""
    return str(answer.value[0]) if isinstance(answer.value, tuple) else "date"


def literal_value(written: str) -> Hashable:
    """Return a literal's value, else the text as it is: a quote or bracket taken off can make wrong answers equal."""
    return parsed_literal(written) or ("verbatim", written)


def parsed_literal(written: str) -> Hashable | None:
    """Return the value of a literal of code; None where it is none."""
    if _BAD_ESCAPE.search(written):
        return None
    try:
        value = _frozen(ast.literal_eval(parse_expression(written)))
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
