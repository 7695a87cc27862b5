"""An answer is unpacked step by step, however it is cut, and counted as it is unpacked."""

import asyncio
import gzip
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.pieces import Unpacked, pieces_of
from langgraph_moa.core.wire.refusals import UnreadableAnswer
from langgraph_moa.core.wire.sending import Address
from langgraph_moa.core.wire.sizes import STEP

NOTHING = b"\x00\x00\x00\xff\xff"
"""What deflate takes, and makes nothing of."""


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


WAYS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "old name": ("x-gzip", gzip.compress),
    "several": ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "filled up": ("gzip", lambda body: gzip.compress(body) + bytes(9)),
    "a line behind": ("gzip", lambda body: gzip.compress(body) + b"\r\n"),
    "filled up between": ("gzip", lambda body: gzip.compress(body[:9]) + bytes(9) + gzip.compress(body[9:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without a head": ("deflate", bare),
}


def unpacked(packing: str, body: bytes, size: int) -> list[bytes]:
    reader = Unpacked(packing, 2**20)
    parts = [part for at in range(0, len(body), size) for part in reader.feed(body[at : at + size])]
    assert reader.is_whole
    return parts


@pytest.mark.parametrize("way", WAYS)
@given(body=st.binary(max_size=300), size=st.integers(1, 400))
def test_it_is_what_was_packed_wherever_it_is_cut(way: str, body: bytes, size: int) -> None:
    packing, pack = WAYS[way]

    assert b"".join(unpacked(packing, pack(body), size)) == body


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("extra", [*range(-260, 260, 37), -1, 0, 1])
def test_it_is_whole_whatever_fits_into_a_step(way: str, extra: int) -> None:
    packing, pack = WAYS[way]
    body = bytes(2 * STEP + extra)

    assert b"".join(unpacked(packing, pack(body), 2**20)) == body


@pytest.mark.parametrize("way", ["gzip", "old name", "deflate", "deflate without a head"])
def test_what_was_cut_before_its_end_is_not_whole(way: str) -> None:
    packing, pack = WAYS[way]
    body = pack(b"words " * 9)

    whole = []
    for size in range(1, len(body) + 1):
        reader = Unpacked(packing, 2**20)
        list(reader.feed(body[:size]))
        whole.append(reader.is_whole)

    assert whole == [False] * (len(body) - 1) + [True]


@pytest.mark.parametrize("nothing", [bytes(5 * 2**10), NOTHING * 2**10], ids=["zeros", "empty blocks"])
def test_what_stands_for_nothing_is_counted_too(nothing: bytes) -> None:
    packer = zlib.compressobj(wbits=31)
    begun = packer.compress(b"a") + packer.flush(zlib.Z_SYNC_FLUSH if NOTHING in nothing else zlib.Z_FINISH)
    reader, taken = Unpacked("gzip", 1_000), 0
    list(reader.feed(begun))

    with pytest.raises(UnreadableAnswer, match="more than 1,000 packed bytes"):  # noqa: PT012 - each is taken, or none
        while taken < 2**20:
            assert list(reader.feed(nothing)) == []
            taken += len(nothing)

    assert taken < 2**16 + 1_000


async def test_others_have_their_turn_however_small_the_pieces_are() -> None:
    loop = asyncio.get_running_loop()
    content = aiohttp.StreamReader(BaseProtocol(loop), 2**20, loop=loop)
    for _ in range(2**17):
        content.feed_data(b"x")
    content.feed_eof()
    response: Any = SimpleNamespace(headers={}, content=content)
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    parts = [part async for part in pieces_of(Address("http://h/v1", "k"), response, 2**20)]
    other.cancel()

    assert sum(map(len, parts)) == 2**17
    assert len(turns) >= 2**17 // STEP


def test_a_bomb_comes_in_steps() -> None:
    reader = Unpacked("gzip", 2**30)
    parts = reader.feed(gzip.compress(bytes(20 * 2**20)))

    sizes = [len(next(parts)) for _ in range(9)]

    assert sizes == [STEP] * 9


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "x" * 1_000])
def test_what_nobody_asked_for_is_refused(packing: str) -> None:
    with pytest.raises(UnreadableAnswer, match="expected it as it is, or as gzip or deflate"):
        Unpacked(packing, 2**20)


def test_what_is_not_packed_so_is_told() -> None:
    with pytest.raises(UnreadableAnswer, match="found an answer that is not packed as gzip, as its head says"):
        unpacked("gzip", b'{"choices": []}', 99)


def test_no_answer_is_packed_in_hundreds_of_pieces() -> None:
    with pytest.raises(UnreadableAnswer, match="packed in more than 100 pieces"):
        unpacked("gzip", gzip.compress(b"a") * 200, 2**20)
