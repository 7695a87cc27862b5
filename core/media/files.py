"""Make blocks of files: what one holds is told by its first bytes, whatever it is called."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..ordinary import content_of

MOST_ATTACHED = 20
"""Files of one question: what the strictest of the large providers takes of pictures in a request."""
MOST_ATTACHED_BYTES = 20_000_000
"""Bytes of one: base64 makes a third more of it, and requests of more than 32 MB are refused nearly everywhere."""
_PICTURES = "a picture: PNG, JPEG, GIF or WebP"
_FILES = "a PDF, WAV or MP3, or a picture"


def blocks_of_files(images: Sequence[Path], files: Sequence[Path]) -> list[dict[str, Any]]:
    """Read files into blocks of a message.

    Args:
        images: Pictures.
        files: PDFs, recordings or pictures.

    Raises:
        ConfigError: There are too many, or one cannot be read, is empty, too large, or something else.
    """
    if (count := len(images) + len(files)) > MOST_ATTACHED:
        raise ConfigError(
            f"found {count} files with a question, expected at most {MOST_ATTACHED}; ask in several turns"
        )
    blocks = [_block_of(file, pictures_only=True) for file in images]
    return [*blocks, *(_block_of(file, pictures_only=False) for file in files)]


def _block_of(file: Path, *, pictures_only: bool) -> dict[str, Any]:
    wanted = _PICTURES if pictures_only else _FILES
    try:
        content = content_of(file, most=MOST_ATTACHED_BYTES)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ConfigError(f"{file} cannot be read: {why}; expected {wanted}") from exc
    if not content:
        raise ConfigError(f"found {file} empty, expected {wanted}")
    mime = _mime_of(content)
    if mime is None:
        raise ConfigError(f"found {file}, which is neither of these, expected {wanted}")
    kind, _, form = mime.partition("/")
    if pictures_only and kind != "image":
        what = "a PDF" if form == "pdf" else "a recording"
        raise ConfigError(f"found {file}, which is {what}, expected {wanted}; give it with --file")
    block = {"type": kind if kind in ("image", "audio") else "file", "base64": b64encode(content).decode()}
    return {**block, "mime_type": mime, **({"filename": file.name} if form == "pdf" else {})}


def _mime_of(content: bytes) -> str | None:
    """Return what a content is; servers believe it, and refuse what is called otherwise."""
    starts: dict[bytes, str] = {
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
        b"%PDF-": "application/pdf",
        b"ID3": "audio/mp3",
        b"\xff\xfb": "audio/mp3",
        b"\xff\xf3": "audio/mp3",
        b"\xff\xf2": "audio/mp3",
    }
    riff = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12]) if content.startswith(b"RIFF") else None
    return riff or next((mime for start, mime in starts.items() if content.startswith(start)), None)
