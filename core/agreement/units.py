"""Read what follows a number: a power of ten, a unit that everybody knows, or what is counted."""

import re
from typing import NamedTuple

_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALES |= {f"{scale}s": power for scale, power in _SCALES.items()}
_WORD = re.compile(r"[^\W\d_]+[.]?|[%°$€£¥₹]|°[CFK]|[^\W\d_]+/[^\W\d_]+")
_WORDS = 4
_NO_UNIT = frozenset(
    "a an and are as at below bc ad but by e false half i if is it k least less minus mod modulo more most no not off "
    "or out over pi plus right squared cubed than that the then thirds times to true under unless up versus wrong x y "
    "z bn mn lakh crore dozen score".split()
)
"""What makes another number of the one before it, or a statement about it."""
_SYMBOLS = {
    "USD": "$", "US$": "$", "EUR": "€", "GBP": "£", "mi": "mile", "in": "inch", "ft": "foot", "lbs": "lb", "h": "hour",
    "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "s": "second", "sec": "second", "secs": "second",
    "d": "day", "yr": "year", "yrs": "year", "kph": "km/h", "kmh": "km/h", "¢": "cent", "L": "l",
    **{symbol: symbol for symbol in "m g l K N J W V A C F t km cm mm kg mg ml kW MW mW".split()},
}  # fmt: skip
"""Symbols, whose case tells them apart: mW is not MW."""
_SPELLED = {
    spelled: names[0]
    for names in (
        ("$", "dollar", "dollars", "us dollars"), ("€", "euro", "euros"), ("£", "pounds sterling"),
        ("%", "percent", "per cent", "percentage"), ("km", "kilometer", "kilometers", "kilometre", "kilometres"),
        ("m", "meter", "meters", "metre", "metres"), ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
        ("mm", "millimeter", "millimeters", "millimetre", "millimetres"), ("inch", "inches"), ("foot", "feet"),
        ("kg", "kilogram", "kilograms", "kilos"), ("g", "gram", "grams"), ("lb", "pound", "pounds"),
        ("l", "liter", "liters", "litre", "litres"), ("°", "degree", "degrees"),
        ("km/h", "kilometers per hour", "kilometres per hour"), ("mph", "miles per hour"),
        ("°C", "degrees celsius", "celsius"), ("°F", "degrees fahrenheit", "fahrenheit"),
    )
    for spelled in names[1:]
}  # fmt: skip
_KNOWN = {unit: unit for unit in (*_SYMBOLS.values(), *_SPELLED.values(), "%", "°")} | {
    f"{unit}s": unit for unit in "mile hour minute second day year cent".split()
}
_PREFIXED = re.compile(
    r"[mp](?:amp|bar|bit|bps|byte|cal|eV|farad|gal|gram|hertz|hz|joule|lit(?:er|re)|met(?:er|re)|mol|newton|ohm|ol|pa"
    r"|pascal|psi|sec|second|ton|tonne|volt|watt)s?|cals?",
    re.IGNORECASE,
)
"""Words whose first letter may be a prefix, for which a capital is another one: Mmol is not mmol, nor Cal cal."""


class Unit(NamedTuple):
    """Say what follows a number."""

    power: int
    """Of ten, that the number is multiplied with."""
    name: str
    """In one spelling; empty where there is none."""
    is_common: bool
    """Whether everybody knows it, so that it may be left out; five apples are not five pears."""


def read_unit(written: str, *, gap: bool) -> Unit | None:
    """Read what follows a number: a scale, a unit of up to four words, and whether it is a known one.

    Args:
        written: What stands there.
        gap: Whether white space sets it apart from the number.

    Returns:
        None where it is something else.
    """
    words = written.strip("* ").split()
    power = 0
    if words and gap and words[0].casefold() in _SCALES:
        power = _SCALES[words.pop(0).casefold()]
    if not words:
        return Unit(power, "", is_common=True)
    whole = " ".join(words)
    unit = known_unit(whole)
    if not gap and (unit is None or (len(whole) == 1 and whole not in "%°")):
        return None  # `3x`, `2i`, `5k`, `1990s`
    if unit:
        return Unit(power, unit, is_common=True)
    if len(words) > _WORDS or not all(map(_WORD.fullmatch, words)):
        return None
    if _NO_UNIT & {word.casefold().strip(".") for word in words}:
        return None
    return Unit(power, " ".join(singular(folded(word)) for word in words), is_common=False)


def known_unit(written: str) -> str | None:
    """Return a unit that everybody knows in one spelling; None for any other word."""
    return (
        _SYMBOLS.get(written) or _SPELLED.get(written.casefold()) or _KNOWN.get(written) or _KNOWN.get(folded(written))
    )


def spellings(unit: str) -> list[str]:
    """Return all ways of writing a unit that everybody knows."""
    return [unit, *(written for names in (_SYMBOLS, _SPELLED, _KNOWN) for written, one in names.items() if one == unit)]


def folded(word: str) -> str:
    """Return a word in small letters where its case says nothing.

    That is so for an ordinary word: of three letters or more, small ones, or with the first a capital. Whatever is
    shorter, or has capitals elsewhere, is a symbol, and so is what may have a prefix: X, CO, O(n), mW and Mmol stay.
    """
    ordinary = len(word) > 2 and (word.islower() or word.istitle()) and not _PREFIXED.fullmatch(word)
    return word.casefold() if ordinary else word


def singular(word: str) -> str:
    """Return a word without the `s` of its plural."""
    return word.removesuffix("s") if len(word) > 3 else word
