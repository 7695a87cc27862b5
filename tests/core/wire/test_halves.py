"""A character that comes in two pieces is shown in one, and half of one that stays alone as U+FFFD."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.halves import Halves

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=8)
HIGH, LOW, FACE = "\ud83d", "\ude00", "\N{GRINNING FACE}"


def pieces_of(pieces: Sequence[str], *, written: bool = False) -> list[str]:
    halves = Halves()
    read = halves.written if written else halves.joined
    return [*(read("text", piece) for piece in pieces), *halves.rest().values()]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["a", "b"], ["a", "b"]),
        (["a" + HIGH, LOW + "b"], ["a", f"{FACE}b"]),
        ([HIGH, "", LOW], ["", "", FACE]),
        ([HIGH, HIGH, LOW], ["", "\ufffd", FACE]),
        (["a" + HIGH], ["a", "\ufffd"]),
        ([LOW + HIGH, "b"], ["\ufffd", "\ufffdb"]),
    ],
)
def test_a_half_waits_for_the_other(pieces: list[str], shown: list[str]) -> None:
    assert pieces_of(pieces) == shown


def test_kinds_do_not_mix() -> None:
    halves = Halves()

    assert [halves.joined(kind, HIGH) for kind in ("text", 0)] == ["", ""]
    assert [halves.joined(kind, LOW) for kind in ("refusal", 0, "text")] == ["\ufffd", FACE, FACE]
    assert halves.rest() == {}


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (['{"a": "\\ud83d', '\\ude00"}'], ['{"a": "', '\\ud83d\\ude00"}']),
        (['{"a": "\\u', 'd83d\\ude00"}'], ['{"a": "', '\\ud83d\\ude00"}']),
        (['{"a": "\\ud83d\\', 'n"}'], ['{"a": "', '\\ufffd\\n"}']),
        (['{"a": "\\', '\\ud83d"}'], ['{"a": "', '\\\\ud83d"}']),  # an escaped backslash, and letters
        (['"\\ud83d"'], ['"\\ufffd"']),
        (['"\\ude00"'], ['"\\ufffd"']),
        (['"\\u12"', "x and more"], ['"', '\\u12"x and more']),  # no JSON
        (['"' + HIGH, LOW + '"'], ['"', f'{FACE}"']),
    ],
)
def test_a_half_may_be_escaped(pieces: list[str], shown: list[str]) -> None:
    assert pieces_of(pieces, written=True) == shown


@given(ANY_TEXT, st.lists(st.integers(0, 60), max_size=6), st.booleans())
def test_json_in_pieces_is_read_as_whole(text: str, places: list[int], ascii_only: bool) -> None:
    body = json.dumps({"a": text}, ensure_ascii=ascii_only)
    ends = [0, *sorted(min(place, len(body)) for place in places), len(body)]

    joined = "".join(pieces_of([body[a:b] for a, b in pairwise(ends)], written=True))

    expected = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert json.loads(joined) == {"a": expected}
    joined.encode()
