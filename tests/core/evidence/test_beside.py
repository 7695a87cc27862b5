"""A quote belongs to the citations beside it, in its own sentence."""

import pytest
from langgraph_moa.core.evidence.beside import bundles_in
from langgraph_moa.core.evidence.markers import markers_in
from langgraph_moa.core.evidence.quotes import marked_quotes
from tables import each


@each(
    ("answer", "claims"),
    [
        ("“a b c” [E1]", [["a b c"]]),
        ("“a b c”. [E1], [E2]", [["a b c"]]),
        ("“a b c” (see [E1])", [["a b c"]]),
        ("“a b c” — [E1]", [["a b c"]]),
        ("“a b c”, says the manual [E1].", [["a b c"]]),
        ("“a b c” and “d e f” [E1]", [["d e f", "a b c"]]),
        ("“a b c.” So says the manual [E1].", [["a b c."]]),
        ("“a b c” says who? Somebody [E1].", [[]]),
        ("“a b c”\n\nAnother thing [E1].", [[]]),
        ("“a b c” is so.\n- Another thing [E1].", [[]]),
        ("[E1]: “a b c”", [["a b c"]]),
        ("According to [E1], “a b c”.", [["a b c"]]),
        ("[E1] says that “a b c”.", [["a b c"]]),
        ("It is so [E1]. “a b c” is another matter.", [[]]),
        ("[E1] says “a b c” [E2]", [[], ["a b c"]]),
        ("“a b c” [E1], “d e f” [E2]", [["a b c"], ["d e f"]]),
        ("| “a b c” | [E1] |\n| x | [E2] | “d e f” |", [["a b c"], ["d e f"]]),
        ("“a [E2] c” [E1]", [[], ["a      c"]]),
    ],
)
def test_whose_a_quote_is(answer: str, claims: list[list[str]]) -> None:
    markers = markers_in(answer)
    text = answer
    for marker in markers:
        text = text[: marker.start] + " " * (marker.end - marker.start) + text[marker.end :]

    runs = list(bundles_in(text, markers, marked_quotes(text), range(len(markers))))

    assert [[claim.quote.text for claim in run.claims] for run in runs] == claims


@each(
    ("answer", "is_close"),
    [
        ("“a b c” [E1]", True),
        ("“a b c” writes the manual [E1]", True),
        ("“a b” writes the manual [E1]", False),
        ("“a b c”, which is not what the manual says [E1]", False),
        ("“a b c” " + "and so on " * 9 + "[E1]", False),
        ("[E1] says “a b c”", True),
        ("[E1], not “a b c”", False),
    ],
)
def test_a_quote_may_be_about_something_else(answer: str, is_close: bool) -> None:
    (marker,) = markers_in(answer)
    text = answer.replace("[E1]", "    ")

    (run,) = bundles_in(text, [marker], marked_quotes(text), [0])

    assert [claim.is_close for claim in run.claims] == [is_close]


@pytest.mark.parametrize(
    ("answer", "is_stray"),
    [
        ('"unbalanced [E1]', True),
        ("unbalanced” [E1]", True),
        ("„so [E1]", True),
        ('12" [E1]', False),
        ("it's so [E1]", False),
    ],
)
def test_a_mark_without_another_is_told(answer: str, is_stray: bool) -> None:
    (marker,) = markers_in(answer)

    (run,) = bundles_in(answer.replace("[E1]", "    "), [marker], [], [0])

    assert run.has_stray_mark == is_stray
