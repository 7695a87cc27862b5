"""Files of a server, line by line."""

from collections.abc import AsyncIterator

import pytest
from langgraph_moa.core.batches import transfer
from langgraph_moa.core.batches.transfer import _lines
from langgraph_moa.core.wire.refusals import UnreadableAnswer


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("content", [b"", b"\n", b"one", b"one\ntwo\n", b"one\n\ntwo \xe2\x80\xa8 three\r\n"])
async def test_lines_are_whole_however_they_come(content: bytes, size: int) -> None:
    lines = [line async for line in _lines(pieces(content, size))]
    assert lines == content.removesuffix(b"\n").split(b"\n") * bool(content)


async def test_a_line_without_end_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_LONGEST_LINE", 10)
    with pytest.raises(UnreadableAnswer, match="a line of more than 10 bytes"):
        [line async for line in _lines(pieces(b"x" * 12, 2))]
