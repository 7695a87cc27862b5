"""Make small pictures, PDFs and recordings, as real as a server needs them."""

import io
import struct
import wave
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from pdfs import pdf


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\x00" + b"\x80" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """Return the beginning of a photograph, with a preview before its size."""
    preview = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x01\x00\x01" + b"\x00" * 50
    app = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    return b"\xff\xd8" + app + b"\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x00" * 12


def webp(width: int, height: int) -> bytes:
    """Return the beginning of a WebP file with a canvas."""
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + sizes


def wav(seconds: int = 1) -> bytes:
    """Return silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(b"\x00\x00" * 8_000 * seconds)
    return file.getvalue()


def pdf_of(folder: Path, pages: int) -> bytes:
    """Return a PDF of so many pages."""
    return pdf(folder / "some.pdf", *[[f"page {n}"] for n in range(pages)]).read_bytes()


def in_base64(data: bytes) -> str:
    return b64encode(data).decode()


PNG = in_base64(png())
PICTURE: Any = {"type": "image", "base64": PNG, "mime_type": "image/png"}
AS_OPENAI: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def asking(*blocks: Any, text: str = "What is this?") -> HumanMessage:
    """Return a question about something."""
    return HumanMessage([{"type": "text", "text": text}, *blocks])
