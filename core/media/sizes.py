"""Bound what is no text in tokens, by what its first bytes say of its size, and by what providers say of theirs."""

import re
import tomllib
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from struct import unpack_from
from typing import Any

from .blocks import Media

_HEAD = 2**20
"""Characters of base64 that are looked at for a picture's size: cameras put a preview before it."""
_UNPACKED = 2**24
"""Bytes of a PDF's packed objects that are looked at for its pages."""
_SOME = 1_000
"""Tokens that a picture of unknown size mostly comes to."""
_PAGE, _COUNT = re.compile(rb"/Type\s{0,9}/Page(?![a-zA-Z])"), re.compile(rb"/Count\s{1,9}(\d{1,7})")
_PACKED = re.compile(rb"/ObjStm[^>]{0,400}>>\s{0,9}stream\r?\n")
_NO_SIZE = frozenset(range(0xD0, 0xDA)) | {0x01, 0xFF}
"""Markers of a JPEG without a length."""
_SIZED = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Those that say how large it is."""


@cache
def _facts() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def media_tokens(media: Media, *, model: str = "", usual: bool = False) -> int:
    """Bound the tokens of what is no text.

    Args:
        media: What a block holds.
        model: Who reads it, as `provider:model`; some count more than all others.
        usual: Return what it mostly comes to instead, for fitting it into a window.
    """
    facts = _facts()
    match media.kind:
        case "image" | "image_url":
            return _image_tokens(facts["image"], pixels_in(media.data) if media.data else None, model, usual=usual)
        case _ if media.data is None:
            return int(facts["unknown"]["usual" if usual else "tokens"])
        case "pdf" if pages := pages_in(media.data):
            return pages * int(facts["pdf"]["usual_page" if usual else "page"])
        case "audio":
            return _sound_tokens(facts["audio"], media.data, usual=usual)
    return -(-len(media.data) * 3 // (16 if usual else 8))  # a token every two bytes, as text


def _image_tokens(facts: Mapping[str, Any], pixels: tuple[int, int] | None, model: str, *, usual: bool) -> int:
    if usual:
        few = -(-pixels[0] * pixels[1] // int(facts["usual_pixels"])) if pixels else _SOME
        return min(int(facts["usual"]), few)
    own = next((int(most) for name, most in facts["models"].items() if name in model), 0)
    if pixels is None:
        return max(own, int(facts["unknown"]))
    tiles = min(_squares(pixels, facts["tile"]), facts["most_tiles"])
    return max(own, int(facts["least"]), _squares(pixels, facts["patch"]), int(tiles * facts["tokens_a_tile"]) + 1)


def _squares(pixels: tuple[int, int], side: int) -> int:
    return -(-pixels[0] // side) * -(-pixels[1] // side)


def _sound_tokens(facts: Mapping[str, Any], data: str, *, usual: bool) -> int:
    size, rate = len(data) * 3 // 4, _bytes_a_second(data)
    rate = rate or facts["usual_bytes_a_second" if usual else "bytes_a_second"]
    return (size // rate + 1) * int(facts["second"])


@lru_cache(maxsize=8)
def pixels_in(data: str) -> tuple[int, int] | None:
    """Return a picture's width and height; None where its form is none of PNG, JPEG, GIF and WebP.

    Args:
        data: The picture, as base64.
    """
    held = _bytes_of(data[:_HEAD])
    if held.startswith(b"\x89PNG\r\n\x1a\n") and len(held) >= 24:
        width, height = unpack_from(">II", held, 16)
    elif held.startswith((b"GIF87a", b"GIF89a")) and len(held) >= 10:
        width, height = unpack_from("<HH", held, 6)
    elif held.startswith(b"RIFF") and held[8:12] == b"WEBP" and len(held) >= 30:
        width, height = _webp_pixels(held)
    elif held.startswith(b"\xff\xd8"):
        width, height = _jpeg_pixels(held)
    else:
        return None
    return (width, height) if width and height else None


def _webp_pixels(held: bytes) -> tuple[int, int]:
    if held[12:16] == b"VP8X":
        return 1 + int.from_bytes(held[24:27], "little"), 1 + int.from_bytes(held[27:30], "little")
    if held[12:16] == b"VP8L":
        bits = int.from_bytes(held[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = unpack_from("<HH", held, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_pixels(held: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(held):
        if held[at] != 0xFF:
            break
        marker = held[at + 1]
        if marker in _NO_SIZE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SIZED:
            height, width = unpack_from(">HH", held, at + 5)
            return width, height
        at += 2 + max(int.from_bytes(held[at + 2 : at + 4], "big"), 2)
    return 0, 0


@lru_cache(maxsize=8)
def pages_in(data: str) -> int | None:
    """Return how many pages a PDF has at most, as it says itself; None where nothing can be read of it.

    Args:
        data: The PDF, as base64.
    """
    pages, room = 0, _UNPACKED
    for part in _parts_of(_bytes_of(data)):
        room -= len(part)
        if room < 0:
            return None
        pages = max([pages + sum(1 for _ in _PAGE.finditer(part)), *(int(n[1]) for n in _COUNT.finditer(part))])
    return pages or None


def _parts_of(held: bytes) -> Iterator[bytes]:
    """Yield a PDF as it is, and the objects that are packed in it."""
    yield held
    for packed in _PACKED.finditer(held):
        end = held.find(b"endstream", packed.end())
        if end < 0:
            return
        try:
            yield zlib.decompressobj().decompress(held[packed.end() : end], _UNPACKED)
        except zlib.error:  # it is encrypted, or packed in another way
            continue


@lru_cache(maxsize=8)
def _bytes_a_second(data: str) -> int | None:
    """Return how many bytes a second of a WAV file takes; None of any other."""
    held = _bytes_of(data[:400])
    at = held.find(b"fmt ") if held.startswith(b"RIFF") and held[8:12] == b"WAVE" else -1
    if at < 0 or len(held) < at + 24:
        return None
    rate, _, frame = unpack_from("<IIH", held, at + 12)
    return rate * frame or None


def _bytes_of(data: str) -> bytes:
    """Return what base64 stands for, as far as it is that."""
    try:
        return b64decode(data[: len(data) // 4 * 4])
    except ValueError:
        return b""
