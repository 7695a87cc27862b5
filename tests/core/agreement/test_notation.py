"""Answers are written in one way, whatever wrapping, script and LaTeX they come in."""

from langgraph_moa.core.agreement.notation import LITERAL, json_text, normalised, stripped
from tables import each


@each(
    ("stated", "bare"),
    [
        ("42", "42"),
        ("**42**", "42"),
        ("***42***.", "42"),
        ("$42$", "42"),
        ("$$42$$", "42"),
        ("\\(\\boxed{B}\\)", "B"),
        ("\\text{B}", "B"),
        ("<|begin_of_box|>42<|end_of_box|>", "42"),
        ("“red”", "red"),
        ("'red'", "'red'"),
        ("[42]", "[42]"),
        ("**4** and **2**", "**4** and **2**"),
        ("$4$ and $2$", "$4$ and $2$"),
        ("**", ""),
        ("` `", ""),
        ("", ""),
    ],
)
def test_emphasis_and_latex_are_taken_off_and_what_belongs_to_an_answer_is_not(stated: str, bare: str) -> None:
    assert stripped(stated) == bare


@each(
    ("written", "one_way"),
    [
        ("٤٢", "42"),
        ("−５", "-5"),
        ("½", "1/2"),
        ("1½", "1 1/2"),
        ("2\\frac{1}{2}", "2 1/2"),
        ("\\dfrac{-1}{2}", "-1/2"),
        ("10⁵", "10^5"),
        ("101₂", "101_2"),
        ("101²", "101^2"),
        ("2ⁿ", "2^n"),
        ("aₙ₊₁", "a_n+1"),
        ("1{,}234", "1,234"),
        ("7\\,\\mathrm{cm}", "7 cm"),
        ("7~km", "7 km"),
        ("~7 km", "≈7 km"),
        ("50\\%", "50%"),
        ("45^\\circ", "45°"),
        ("`7` cm", "7 cm"),
        ("\\(7\\) cm", "7 cm"),
        ("a \n b", "a b"),
    ],
)
def test_digits_signs_and_spaces_are_written_in_one_way(written: str, one_way: str) -> None:
    assert normalised(written) == one_way


@each("text", ["[1]", "(1, 2)", "{1}", "'a'", '"a"', "b'a'", "Rb'a'"])
def test_how_a_literal_begins(text: str) -> None:
    assert LITERAL.match(text)
    assert not LITERAL.match(f"x{text}")


@each(
    ("written", "meant"),
    [
        ('"\\frac{1}{2}"', "\\frac{1}{2}"),
        ('"\\\\frac{1}{2}"', "\\frac{1}{2}"),
        ('"\\sqrt{2} + \\\\frac{1}{2}"', "\\sqrt{2} + \\frac{1}{2}"),
        ('"\\underline{x} \\beta \\nu \\rho \\theta"', "\\underline{x} \\beta \\nu \\rho \\theta"),
        ('"\\(5\\)"', "\\(5\\)"),
        ('"a\\nb\\tc\\rd"', "a\nb\tc\rd"),
        ('"5\\notes, \\table"', "5\notes, \table"),
        ('"\\u00e9 \\"x\\" \\/"', 'é "x" /'),
        ('"one\ntwo\\n"', "one\ntwo\\n"),
        ('"', ""),
    ],
)
def test_a_string_of_json_may_hold_latex_as_it_is(written: str, meant: str) -> None:
    assert json_text(written) == meant
