"""Files of a server, line by line."""

import errno
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.batches import transfer
from langgraph_moa.core.batches.transfer import _lines, file_to_send, read_line
from langgraph_moa.core.wire.parsing import read_json
from langgraph_moa.core.wire.refusals import ServerTimeout


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("content", [b"", b"\n", b"one", b"one\ntwo\n", b"one\n\ntwo \xe2\x80\xa8 three\r\n"])
async def test_lines_are_whole_however_they_come(content: bytes, size: int) -> None:
    lines = [line async for line in _lines(pieces(content, size))]
    assert lines == content.removesuffix(b"\n").split(b"\n") * bool(content)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("content", [b"one\n" + b"x" * 12 + b"\ntwo\n", b"one\ntwo\n" + b"x" * 12])
async def test_a_line_that_is_longer_than_any_is_left_out(
    content: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_LONGEST_LINE", 10)
    assert [line async for line in _lines(pieces(content, size))] == [b"one", b"two"]


async def test_a_line_of_more_values_than_any_answer_has_is_none() -> None:
    assert await read_line(read_json, b"[1]") == [1]
    assert await read_line(read_json, b"[" + b"[]," * 10**5 + b"[]]") is None


class FullDisk:
    """Be a file on it."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *raised: object) -> None: ...

    def write(self, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_with_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TemporaryFile", FullDisk)
    with (
        pytest.raises(ConfigError, match=r"No space left on device; .* TMPDIR, .* nothing is lost"),
        file_to_send() as f,
    ):
        f.write(b"a request")
    with pytest.raises(ServerTimeout), file_to_send():
        raise ServerTimeout("too slow")
