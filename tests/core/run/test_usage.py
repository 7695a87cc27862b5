"""What a server counted is right, or not known: never an exception, and never too low."""

from enum import IntEnum
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.run.usage import StreamedUsage, checked_usage, sums
from tables import each


def counts(read: Any, written: Any, total: Any = None, **more: Any) -> dict[str, Any]:
    return {"input_tokens": read, "output_tokens": written, "total_tokens": total, **more}


class Words(IntEnum):
    FEW = 3


@each(
    ("usage", "expected"),
    [
        (counts(7, 3, 10), (7, 3, 10)),
        (counts(7.0, "3", 10.0), (7, 3, 10)),
        (counts("812", "40.0", " 852 "), (812, 40, 852)),
        (counts(7, Words.FEW), (7, 3, 10)),
        (counts(7, 3), (7, 3, 10)),
        (counts(7, 0), (7, 0, 7)),
        (counts(7, None, 10), (7, 3, 10)),
        (counts(7, 3, 10, total_cost=0.005, note="x", nested={"a": [1.5]}), (7, 3, 10)),
        (counts(7, 3, 10, input_token_details="n/a", output_token_details=[1]), (7, 3, 10)),
        (MappingProxyType(counts(7, 3, 10)), (7, 3, 10)),
        (counts(20, 198, 623), (20, 603, 623)),
        (counts(21, 0, 81, output_token_details={"reasoning": 60}), (21, 60, 81)),
        (counts(20, 198, 623, output_token_details={"reasoning": 405}), (20, 603, 623)),
        (counts(10**9, 0, 10**9), (10**9, 0, 10**9)),
    ],
)
def test_figures_are_whole_and_agree(usage: Any, expected: tuple[int, int, int]) -> None:
    checked = checked_usage(usage)

    assert checked
    figures = (checked["input_tokens"], checked["output_tokens"], checked["total_tokens"])
    assert figures == expected
    assert {type(figure) for figure in figures} == {int}


@each(
    "usage",
    [
        None,
        7,
        "812",
        [7, 3, 10],
        {},
        {"tokens": 7},
        counts(0, 3, 3),
        counts(None, 3, 10),
        counts(7, None),
        counts(7, -3, 10),
        counts(7, 3, 9),
        counts(812, 40.5, 852.5),
        counts(812, 40, 852.5),
        counts("many", 3, 10),
        counts(7, "", 10),
        counts(7, "3" * 400, 10),
        counts(7, "nan", 10),
        counts(7, float("inf"), 10),
        counts(7, True, 8),
        counts(7, [3], 10),
        counts(10**9 + 1, 3),
        counts(10**400, 3),
        counts(7, 3, 10, output_token_details={"reasoning": 3.5}),
        counts(7, 3, 10, output_token_details={"reasoning": 4}),
        counts(7, 3, 10, output_token_details={"flex_reasoning": "x"}),
        counts(7, 3, 10, input_token_details={"cache_read": 8}),
        counts(7, 3, 10, input_token_details={"cache_creation": -1}),
    ],
)
def test_what_cannot_be_so_is_not_known(usage: Any) -> None:
    assert checked_usage(usage) is None


def test_parts_that_are_known_stay_and_others_go() -> None:
    details = {"cache_read": "4", "audio": None, "cached_usd": 0.1, "flex": 3}

    checked = checked_usage(counts(7, 3, 15, input_token_details=details, output_token_details={"reasoning": 2}))

    assert checked == counts(7, 8, 15, input_token_details={"cache_read": 4, "flex": 3},
                             output_token_details={"reasoning": 5})  # fmt: skip


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIGURE = st.integers(-1, 50) | st.sampled_from(["7", "7.5", 7.0, 7.5]) | ANYTHING
DETAILS = ANYTHING | st.dictionaries(st.sampled_from(["cache_read", "reasoning", "audio", "flex"]), FIGURE)
USAGE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(["input_tokens", "output_tokens", "total_tokens"], FIGURE)
    | dict.fromkeys(["input_token_details", "output_token_details"], DETAILS),
)


@given(ANYTHING | USAGE)
def test_whatever_is_told_is_counted_or_not_known(usage: Any) -> None:
    checked = checked_usage(usage)

    if checked:
        assert checked["input_tokens"] > 0
        assert checked["total_tokens"] == checked["input_tokens"] + checked["output_tokens"]
        assert checked["output_tokens"] >= int(float(usage.get("output_tokens") or 0))
        assert checked_usage(checked) == checked


def test_sums_are_known_where_each_part_is() -> None:
    assert sums([counts(7, 3, 10), counts("7", 3)]) == {"input_tokens": 14, "output_tokens": 6, "total_tokens": 20}
    assert sums([counts(7, 3, 10), counts(7, 3.5)]) is None
    assert sums([counts(7, 3, 10), None]) is None
    assert sums([]) is None


@each(
    ("events", "output"),
    [
        ([(counts(1000, n), True) for n in range(1, 6)] + [(counts(1000, 5), False)], 5),
        ([(None, True), (counts(7, 3), False)], 3),
        ([(counts(7, 0, 7), True), (None, True), (counts(7, 3), True)], 3),  # of the prompt alone at first
        ([(counts(7, n), True) for n in (1, 2, 2)] + [(counts(7, 0), False)], 2),
        ([(counts(7, 3), True), (counts(0, 0, 0), False)], 3),
        ([(counts(7, 3), False), (counts(7, 3), False)], 3),
        ([(counts(7, 9), True)] * 3, 9),
        ([(counts(7, 3), False), (None, True)], None),  # of what came before, and not of the rest
        ([(counts(7, 2), True), (counts(7, 2.5), False)], None),
        ([(counts(713, 1), True)] * 5, None),  # each piece's own
        ([(counts(7, n), True) for n in (2, 1, 3)], None),
        ([], None),
    ],
)
def test_the_count_of_a_stream_is_that_of_all_of_it(events: list[tuple[Any, bool]], output: int | None) -> None:
    streamed = StreamedUsage()
    for usage, says in events:
        streamed.note(usage, says=says)

    assert (streamed.usage and streamed.usage["output_tokens"]) == output
