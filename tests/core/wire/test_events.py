"""Events are the same however their bytes are cut, and what is no stream of events is kept as it is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire import events
from langgraph_moa.core.wire.events import Events
from langgraph_moa.core.wire.refusals import UnreadableAnswer

STREAMS = {
    "as OpenAI sends them": (b'data: {"a": 1}\n\ndata: [DONE]\n\n', [b'{"a": 1}', b"[DONE]"]),
    "with carriage returns": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
    "without a blank": (b"data:1\n\ndata:2\n\n", [b"1", b"2"]),
    "with comments, names and ids": (b": PROCESSING\n\nevent: x\nid: 7\ndata: 1\nretry: 3\n\n:\n\n", [b"1"]),
    "over several lines": (b'data: {\ndata: "a": 1}\n\n', [b'{\n"a": 1}']),
    "without an end": (b"data: 1\n\ndata: 2", [b"1", b"2"]),
    "with a byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [b"1"]),
    "with empty data": (b"data:\n\ndata: 1\n\ndata: \n\n", [b"1"]),
    "with a name of its own": (b"event: x\n\ndata: 1\n\n", [b"1"]),
    "empty ones": (b"\n\n\n\ndata: 1\n\n\n\n", [b"1"]),
    "with what is no field": (b"data: 1\n\nnonsense\n\ndata: 2\n\n", [b"1", b"2"]),
}


@pytest.mark.parametrize("case", STREAMS)
@given(cuts=st.lists(st.integers(0, 80), max_size=6))
def test_a_stream_is_read_the_same_however_it_is_cut(case: str, cuts: list[int]) -> None:
    stream, held = STREAMS[case]
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = Events()

    data = [each for start, end in pairwise(ends) for each in reader.feed(stream[start:end])]
    rest, other = reader.end()

    assert data + rest == held
    assert other == b""


@pytest.mark.parametrize("body", [b'{"choices": [\n\n]}', b"<html>\n<p>log in</p>\n</html>", b"", b"\n"])
def test_what_is_no_stream_comes_back_whole(body: bytes) -> None:
    reader = Events()

    assert [*reader.feed(body[:9]), *reader.feed(body[9:])] == []
    rest, other = reader.end()

    assert rest == []
    assert b"".join(other.split()) == b"".join(body.split())


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_BYTES", 100)
    reader = Events()

    with pytest.raises(UnreadableAnswer, match="more than 100 bytes"):
        [reader.feed(b"data: " + b"x" * 50) for _ in range(3)]


def test_an_event_of_lines_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_BYTES", 100)
    reader = Events()

    with pytest.raises(UnreadableAnswer, match="more than 100 bytes"):
        [reader.feed(b"data: x\n") for _ in range(100)]
