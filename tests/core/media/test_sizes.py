"""What is no text is bounded by its size; what it comes to at most, providers say."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.media.blocks import Media
from langgraph_moa.core.media.sizes import media_tokens, pages_in, pixels_in
from pictures import in_base64, jpeg, pdf_of, png, wav, webp

GIF = b"GIF89a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little")
LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + (799 | 599 << 14).to_bytes(4, "little") + b"\x00" * 8
LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x20\x03\x58\x02"
MEASURED = {  # width, height: the most that Claude 5.5, Gemini 3, GPT-6 and GPT-5.5 took, huggingface JOHNISKING
    (256, 256): 1_090,
    (1024, 1024): 1_446,
    (1920, 1080): 2_768,
    (2560, 1440): 4_320,
    (3840, 2160): 9_792,
    (4032, 3024): 14_364,
}


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (png(7, 9), (7, 9)),
        (jpeg(4032, 3024), (4032, 3024)),
        (webp(1200, 800), (1200, 800)),
        (LOSSLESS, (800, 600)),
        (LOSSY, (800, 600)),
        (GIF, (640, 480)),
        (b"BM not known here", None),
        (b"", None),
        (png()[:20], None),
        (b"\xff\xd8\xff\xe1\x00", None),
        (b"\xff\xd8" + b"\xff" * 99, None),
    ],
)
def test_a_picture_says_how_large_it_is(picture: bytes, size: Any) -> None:
    assert pixels_in(in_base64(picture)) == size


@pytest.mark.parametrize("size", MEASURED)
def test_no_picture_takes_more_than_its_bound(size: tuple[int, int]) -> None:
    picture = Media("image", in_base64(jpeg(*size)))

    assert MEASURED[size] <= media_tokens(picture) <= max(2_240, 2 * MEASURED[size])
    assert media_tokens(picture, usual=True) <= 1_600


def test_a_model_that_counts_more_is_bounded_by_what_it_counts() -> None:
    assert media_tokens(Media("image", in_base64(png())), model="openai:gpt-4o-mini") == 2_833 + 8 * 5_667


def test_what_nobody_knows_the_size_of_is_taken_for_large() -> None:
    assert media_tokens(Media("image_url", None)) == 16_384
    assert media_tokens(Media("pdf", None)) == 1_000_000
    assert media_tokens(Media("pdf", "!" * 800)) == 300
    assert media_tokens(Media("file", "A" * 800)) == 300


@pytest.mark.parametrize("pages", [1, 3])
def test_a_pdf_is_bounded_by_its_pages(tmp_path: Path, pages: int) -> None:
    data = in_base64(pdf_of(tmp_path, pages))

    assert pages_in(data) == pages
    assert media_tokens(Media("pdf", data)) == pages * 8_000
    assert media_tokens(Media("pdf", data), usual=True) == pages * 2_500


def test_pages_are_counted_in_packed_objects_too(tmp_path: Path) -> None:
    import zlib

    objects = b"<</Type/Pages/Count 12>><</Type /Page>><</Type/Page>>"
    packed = b"%PDF-1.7\n1 0 obj<</Type/ObjStm/N 3>>stream\n" + zlib.compress(objects) + b"\nendstream"

    assert pages_in(in_base64(packed)) == 12
    assert pages_in(in_base64(packed.replace(b"stream\nx", b"stream\ny"))) is None


def test_sound_is_bounded_by_its_length() -> None:
    whole, packed = Media("audio", in_base64(wav(10))), Media("audio", in_base64(b"ID3" + b"\x00" * 7_497))

    assert media_tokens(whole) == 11 * 32
    assert media_tokens(packed) == 11 * 32
