"""Answers are the same by their values, unless they name different details."""

from typing import Any

import pytest
from langgraph_moa.core.agreement.answers import read_answer
from langgraph_moa.core.agreement.values import (
    FinalAnswer,
    is_formula,
    kind_of,
    literal_value,
    parsed_literal,
    same_answer,
)
from tables import each


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("x", ""), ("x", ""), True),
        (("x", "km"), ("x", ""), True),
        (("x", "km"), ("x", "km"), True),
        (("x", "km"), ("x", "mile"), False),
        (("x", ""), ("y", ""), False),
    ],
)
def test_a_detail_that_only_one_names_tells_nobody_apart(
    one: tuple[str, str], other: tuple[str, str], *, same: bool
) -> None:
    a, b = (FinalAnswer(value, detail, "as written") for value, detail in (one, other))

    assert same_answer(a, b) == same_answer(b, a) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("[1, 2]", "[1.0, 2]", True),
        ("{1: 2, 3: 4}", "{3: 4, 1: 2}", True),
        ("{1, 2}", "{2, 1}", True),
        ("'1'", "1", False),
        ("[1]", "(1,)", False),
        ("True", "1", False),
        ("None", "'None'", False),
        ("b'a'", "'a'", False),
        ("1j", "1", False),
        ("[1, 2", "[1, 2", True),
        ("[1, 2", "[1, 2]", False),
    ],
)
def test_literals_are_compared_by_their_values(one: str, other: str, *, same: bool) -> None:
    assert (literal_value(one) == literal_value(other)) == same
    assert hash(literal_value(one)) is not None


@each("written", ["'\\d'", "[1", "{[]: 1}", "f(x)", "(" * 5_000, "'\0'", ""])
def test_what_is_no_literal(written: str) -> None:
    assert parsed_literal(written) is None


@pytest.mark.parametrize(
    ("stated", "kind", "formula"),
    [
        ("42", "number", True),
        ("2.500", "in doubt", False),
        ("101₂", "words", False),
        ("101_2", "words", False),
        ("(101)_{2}", "verbatim", False),
        ("101²", "words", False),
        ("101^2", "words", True),
        ("x_1 + 1", "words", True),
        ("x^2 + 1", "words", True),
        ("5 km", "number", False),
        ("Paris", "words", False),
        ("B", "letter", False),
        ("yes", "yes", False),
        ("2024-03-05", "date", False),
        ("[1, 2]", "literal", False),
        ("`x_1`", "words", False),
    ],
)
def test_what_computer_algebra_may_compare(stated: str, kind: str, *, formula: bool) -> None:
    answer: Any = read_answer(stated)

    assert (kind_of(answer), is_formula(answer)) == (kind, formula)
