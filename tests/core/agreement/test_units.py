"""What follows a number: a scale, a unit that everybody knows, or what is counted."""

import pytest
from langgraph_moa.core.agreement.units import Unit, folded, known_unit, read_unit, singular, spellings
from tables import each


@each(
    ("written", "unit"),
    [
        ("", Unit(0, "", True)),
        ("km", Unit(0, "km", True)),
        ("Kilometres", Unit(0, "km", True)),
        ("kilometers per hour", Unit(0, "km/h", True)),
        ("million", Unit(6, "", True)),
        ("million dollars", Unit(6, "$", True)),
        ("Thousand km", Unit(3, "km", True)),
        ("Apples", Unit(0, "apple", False)),
        ("red apples", Unit(0, "red apple", False)),
        ("mW", Unit(0, "mW", True)),
        ("MW", Unit(0, "MW", True)),
        ("dozen eggs", None),
        ("and a half", None),
        ("is wrong", None),
        ("apples in the red basket", None),
        ("2 cm", None),
    ],
)
def test_what_follows_a_number(written: str, unit: Unit | None) -> None:
    assert read_unit(written, gap=True) == unit


@pytest.mark.parametrize(("written", "is_unit"), [("km", True), ("%", True), ("°", True), ("x", False), ("k", False)])
def test_without_a_gap_only_what_cannot_be_a_factor_is_a_unit(written: str, *, is_unit: bool) -> None:
    assert (read_unit(written, gap=False) is not None) == is_unit


@pytest.mark.parametrize("unit", ["km", "$", "mile", "°C", "%"])
def test_all_spellings_of_a_unit_are_that_unit(unit: str) -> None:
    assert {known_unit(written) for written in spellings(unit)} == {unit}


@each(
    ("word", "small"),
    [("Red", "red"), ("red", "red"), ("RED", "RED"), ("Co", "Co"), ("mW", "mW"), ("Mmol", "Mmol"), ("Cal", "Cal")],
)
def test_only_the_case_of_an_ordinary_word_says_nothing(word: str, small: str) -> None:
    assert folded(word) == small


@pytest.mark.parametrize(("word", "one"), [("cards", "card"), ("gas", "gas"), ("sheep", "sheep")])
def test_a_plural_is_without_its_s(word: str, one: str) -> None:
    assert singular(word) == one
