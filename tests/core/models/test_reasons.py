"""Reasons of an end, taken apart: joined, repeated, in a list, in any spelling, and those that nobody knows."""

from collections.abc import Callable
from enum import IntEnum, StrEnum

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.models.endings import ending_of
from langgraph_moa.core.models.reasons import endings_file, reasons_in, worst
from tables import each

KNOWN = st.sampled_from(
    [
        reason
        for table in endings_file()["ends"]
        for kind in ("ok", "calls", "truncated", "refused", "error")
        for reason in table.get(kind, ())
    ]
)


class Spelt(StrEnum):
    LENGTH = "length"


class Counted(IntEnum):
    MAX_TOKENS = 2


@each(
    ("end", "status", "reasons"),
    [
        ("lengthlength", "truncated", ("length",)),
        ("stopstop", "ok", ("stop",)),
        ("STOPSTOPSTOP", "ok", ("STOP",)),
        ("stop" * 400, "ok", ("stop",)),
        ("lengthstop", "truncated", ("length", "stop")),
        ("stoplengthstop", "truncated", ("stop", "length")),
        ("end_turnmax_tokens", "truncated", ("end_turn", "max_tokens")),
        ("errorcontent_filterlength", "refused", ("error", "content_filter", "length")),
        ("stop_sequencestop", "ok", ("stop_sequence", "stop")),
        ("stopSTOP", "ok", ("stop",)),
        ("eosFoundeosFound", "ok", ("eosFound",)),
        ("ERROR_TOXICERROR_TOXIC", "refused", ("ERROR_TOXIC",)),
        ("FINISH_REASON_STOPFINISH_REASON_MAX_TOKENS", "truncated", ("FINISH_REASON_STOP", "FINISH_REASON_MAX_TOKENS")),
        ("stop, length", "truncated", ("stop", "length")),
        ("stop;stop", "ok", ("stop",)),
        ("error, limit", "error", ("error", "limit")),
        ("stop|odd", "truncated", ("stop", "odd")),
        ("stop/length", "truncated", ("stop", "length")),
        ("['stop', 'length']", "truncated", ("stop", "length")),
        (["stop", "length", "stop"], "truncated", ("stop", "length")),
        (["stop", ["error"]], "error", ("stop", "error")),
        (["stop"] * 400, "ok", ("stop",)),
        ("Length", "truncated", ("Length",)),
        (" max tokens ", "truncated", ("max tokens",)),
        ("FinishReason.MAX_TOKENS", "truncated", ("FinishReason.MAX_TOKENS",)),
        ("<FinishReason.STOP: 1>", "ok", ("FinishReason.STOP",)),
        ("<FinishReason.STOP: 'STOP'>", "ok", ("FinishReason.STOP",)),
        (Spelt.LENGTH, "truncated", ("length",)),
        (Counted.MAX_TOKENS, "truncated", ("MAX_TOKENS",)),
        ({"type": "length", "length": 16}, "truncated", ("length",)),
        ({"type": "abort", "message": "out of memory"}, "error", ("abort",)),
        ({"reason": "max_output_tokens"}, "truncated", ("max_output_tokens",)),
        (1, "ok", ("1",)),
        (2.0, "truncated", ("2",)),
        (3, "refused", ("3",)),
        ("4", "refused", ("4",)),
        (5, "truncated", ("5",)),
        (9, "refused", ("9",)),
        (15, "error", ("15",)),
    ],
)
def test_of_several_reasons_the_worst_counts(end: object, status: str, reasons: tuple[str, ...]) -> None:
    ending = ending_of(end)

    assert (ending.status, ending.reasons) == (status, reasons)
    assert ending.is_known == ("odd" not in reasons)


@each(
    "odd",
    [True, 0.5, float("nan"), -1, [10**5_000], b"stop", object(), {"length": 1}, "x" * 5_000, "stop" * 1_000,
     "FINISH_REASON_", ["stop"] * 5_000, [[[[[["stop"]]]]]], "\ud800", "ſtop", "[]", "stop.once"],
)  # fmt: skip
def test_what_nobody_knows_was_cut(odd: object) -> None:
    ending = ending_of(odd)

    assert (ending.status, ending.is_known) == ("truncated", False)
    assert all(len(reason) <= 200 for reason in ending.reasons)


def test_a_list_in_itself_is_an_end() -> None:
    end: list[object] = ["stop"]
    end += [end] * 20

    assert ending_of(end).status == "truncated"


@given(KNOWN, st.integers(2, 20), st.sampled_from(["", " ", ",", "|", ", ", "\n"]))
def test_a_repeated_reason_is_that_reason(reason: str, times: int, separator: str) -> None:
    assert ending_of(separator.join([reason] * times)) == ending_of(reason)


@given(st.lists(KNOWN, min_size=1, max_size=5), st.sampled_from(["", " ", ";"]))
def test_joined_reasons_are_no_better_than_each(reasons: list[str], separator: str) -> None:
    order = ("ok", "truncated", "error", "refused")
    ending = ending_of(separator.join(reasons))

    assert ending.is_known
    assert (ending.status == "ok") == all(ending_of(reason).status == "ok" for reason in reasons)
    worse = max((ending_of(reason).status for reason in reasons), key=order.index)
    assert ending_of(reasons).status == ending_of(" ; ".join(reasons)).status == worse


@given(KNOWN, st.sampled_from([str.lower, str.upper, str.title, lambda text: text.replace("_", "-")]))
def test_a_spelling_changes_nothing(reason: str, spelt: Callable[[str], str]) -> None:
    assert ending_of(spelt(reason))._replace(reasons=()) == ending_of(reason)._replace(reasons=())


def test_reasons_are_told_in_order_and_each_time() -> None:
    reasons = reasons_in(["stop", "lengthstop", "odd"])

    assert [(each.spelling, each.kind) for each in reasons] == [
        ("stop", "ok"),
        ("length", "truncated"),
        ("stop", "ok"),
        ("odd", ""),
    ]
    assert worst({each.status for each in reasons}) == "truncated"
    assert worst(set()) == "ok"
