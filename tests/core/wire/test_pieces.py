"""An answer is unpacked step by step, however it is cut, and counted as it is unpacked."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.pieces import Unpacked
from langgraph_moa.core.wire.refusals import UnreadableAnswer


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


WAYS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "old name": ("x-gzip", gzip.compress),
    "several": ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "filled up": ("gzip", lambda body: gzip.compress(body) + bytes(9)),
    "deflate": ("deflate", zlib.compress),
    "deflate without a head": ("deflate", bare),
}


def unpacked(packing: str, body: bytes, size: int) -> list[bytes]:
    reader = Unpacked(packing)
    return [part for at in range(0, len(body), size) for part in reader.feed(body[at : at + size])]


@pytest.mark.parametrize("way", WAYS)
@given(body=st.binary(max_size=300), size=st.integers(1, 400))
def test_it_is_what_was_packed_wherever_it_is_cut(way: str, body: bytes, size: int) -> None:
    packing, pack = WAYS[way]

    assert b"".join(unpacked(packing, pack(body), size)) == body


def test_a_bomb_comes_in_steps() -> None:
    reader = Unpacked("gzip")
    parts = reader.feed(gzip.compress(bytes(20 * 2**20)))

    sizes = [len(next(parts)) for _ in range(9)]

    assert sizes == [2**16] * 9


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "x" * 1_000])
def test_what_nobody_asked_for_is_refused(packing: str) -> None:
    with pytest.raises(UnreadableAnswer, match="expected it as it is, or as gzip or deflate"):
        Unpacked(packing)


def test_what_is_not_packed_so_is_told() -> None:
    with pytest.raises(UnreadableAnswer, match="found an answer that is not packed as gzip, as its head says"):
        unpacked("gzip", b'{"choices": []}', 99)


def test_no_answer_is_packed_in_hundreds_of_pieces() -> None:
    with pytest.raises(UnreadableAnswer, match="packed in more than 100 pieces"):
        unpacked("gzip", gzip.compress(b"a") * 200, 2**20)
