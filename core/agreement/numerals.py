"""Read dates and numbers, with thousands and decimals set apart in any of the usual ways, and their units."""

import re
from datetime import date
from fractions import Fraction

from .units import known_unit, read_unit
from .values import FinalAnswer

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
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""A German thousand, or an English decimal with three digits."""
_VERSION = re.compile(r"\d\.[1-46-9]0|\d{2,3}\.10")
"""The tenth release after the ninth, or a decimal with a zero that says nothing: halves, and what is larger, are money
as a rule."""
_LIST = re.compile(r"\d+,(?!\d{3}$)\d+")
"""Two numbers, or a decimal as it is written in most of Europe."""
_SUM = re.compile(r"[\d\s.,+*/×÷()$€£%-]*\d[\d\s.,+*/×÷()$€£%-]*")
"""What stands before the result where a whole sum is written as the answer."""


def read_date(plain: str, shown: str) -> FinalAnswer | None:
    """Read a date; of digits alone, the year comes first."""
    for style in _DATES:
        if match := style.fullmatch(plain.casefold()):
            parts = match.groupdict()
            month = int(parts["m"]) if "m" in parts else _MONTHS.get(parts["month"], 0)
            try:
                return FinalAnswer(date(int(parts["y"]), month, int(parts["d"])), "", shown)
            except ValueError:
                return None
    return None


def read_number(plain: str, shown: str) -> FinalAnswer | None:
    """Read a number with its unit, or what is counted; of a whole sum that is written down, its result."""
    summed, equals, result = plain.rpartition("=")
    if equals and _SUM.fullmatch(summed):
        plain = shown = result.strip()
    match = _NUMBER.fullmatch(plain)
    if not match or (match["sign"] and match["sign2"]):
        return None
    if re.match(r"0\d", match["digits"]):  # a code, not a number
        return None
    under = int(match["under"] or 1)
    unit = read_unit(match["unit"] or "", gap=bool(match["gap"]))
    if not under or (match["whole"] and not match["under"]) or unit is None:
        return None
    before = (match["before"] or "").upper().rstrip(".")
    detail = " ".join(filter(None, (known_unit(before) or before, unit.name if unit.is_common else "")))
    named = f"{match['name']}={detail}" if match["name"] else detail
    sign = "-" if "-" in (match["sign"] + match["sign2"]) else ""
    counted = () if unit.is_common else (unit.name,)
    if not (match["power"] or match["under"] or unit.power) and _is_in_doubt(match["digits"], detail or unit.name):
        return FinalAnswer(("in doubt", f"{sign}{match['digits']}", *counted), named, shown)
    value = Fraction(match["whole"] or 0) + _fraction(match["digits"]) / under
    value *= Fraction(10) ** (int(match["power"] or 0) + unit.power)
    return FinalAnswer(("number", -value if sign else value, *counted), named, shown)


def _is_in_doubt(digits: str, unit: str) -> bool:
    """Tell whether digits may be two numbers: they are the same as what is written as they are, and as nothing else.

    A slip by a thousand would pass as agreement; one that is missed costs a few calls.
    """
    if _THOUSANDS.fullmatch(digits):
        return unit not in {"%", "°", "°C", "°F"}
    return not unit and bool(_VERSION.fullmatch(digits) or _LIST.fullmatch(digits))


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
