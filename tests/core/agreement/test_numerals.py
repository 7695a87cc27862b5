"""Numbers and dates are read in whatever way they are written."""

from datetime import date
from fractions import Fraction
from typing import Any

from agreement import same
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.agreement.numerals import read_date, read_number
from tables import each


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_numbers_are_compared_as_numbers(number: Any) -> None:
    assert same(f"Final answer: {number}", f"So:\n#### {number:,}")


@each(
    ("plain", "value", "detail"),
    [
        ("42", 42, ""),
        ("-1,234.50", Fraction("-1234.5"), ""),
        ("1.234,50", Fraction("1234.5"), ""),
        ("1,234", 1234, ""),
        ("0,125", Fraction("0.125"), ""),
        ("1'234'567", 1234567, ""),
        ("1,00,000", 100000, ""),
        ("1 1/2", Fraction(3, 2), ""),
        ("3e-2", Fraction(3, 100), ""),
        ("$5", 5, "$"),
        ("EUR 5", 5, "€"),
        ("5 million km", 5_000_000, "km"),
        ("x = 5", 5, "x="),
        ("6 * 7 = 42", 42, ""),
    ],
)
def test_a_number_is_read_with_its_unit(plain: str, value: Any, detail: str) -> None:
    answer = read_number(plain, plain)

    assert answer
    assert (answer.value, answer.detail) == (("number", value), detail)


IN_DOUBT = [
    ("2.500 kg", "2,5 kg"),
    ("2.500 kg", "2500 kg"),
    ("1.000 Euro", "1 Euro"),
    ("€1.000", "€1"),
    ("-2.500", "-2.5"),
    ("1.250 apples", "1,25 apples"),
    ("3.10", "3.1"),
    ("`3.10`", "3.1"),
    ("1.20", "1.2"),
    ("24.10", "24.1"),
    ("1,2", "1.2"),
    ("x = 1,2", "x = 1.2"),
    ("0,1", "0.1"),
    ("1,2345", "1.2345"),
]
CERTAIN = [
    ("0.125", "1/8"),
    ("0,125", "0.125"),
    ("2,5 kg", "2.5 kg"),
    ("33.333%", "33.333 %"),
    ("$3.10", "$3.1"),
    ("17.40", "17.4"),
    ("$12.50", "12.5"),
    ("2.50", "2.5"),
    ("12.00", "12"),
    ("1.234e3", "1234"),
    ("1.250 million", "1,250,000"),
    ("1.234,50", "1234.5"),
    ("1234.500", "1,234.5"),
]


@each(("one", "other"), IN_DOUBT)
def test_digits_that_may_be_two_numbers_are_the_same_as_what_is_written_as_they_are(one: str, other: str) -> None:
    assert same(f"Final answer: {one}", f"So:\n\nFinal answer: {one}")
    assert not same(f"Final answer: {one}", f"Final answer: {other}")


@each(("one", "other"), CERTAIN)
def test_digits_whose_marks_leave_no_doubt_are_a_number(one: str, other: str) -> None:
    assert same(f"Final answer: {one}", f"Final answer: {other}")


@each("plain", ["", "007", "5/0", "1 2", "+-5", "5 dozen", "1.2.3.4", "five", "1" * 41])
def test_what_is_no_number(plain: str) -> None:
    assert read_number(plain, plain) is None


@each(
    ("plain", "expected"),
    [
        ("2024-3-5", date(2024, 3, 5)),
        ("2024/03/05", date(2024, 3, 5)),
        ("5th of March 2024", date(2024, 3, 5)),
        ("Sept. 5, 2024", date(2024, 9, 5)),
        ("2024-13-01", None),
        ("5 Marble 2024", None),
        ("05/03/2024", None),
    ],
)
def test_a_date_is_read_where_its_order_is_certain(plain: str, expected: date | None) -> None:
    answer = read_date(plain, plain)

    assert (answer and answer.value) == expected
