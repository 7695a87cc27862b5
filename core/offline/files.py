"""Read files whole, as far as they are what their names say and no larger than memory can hold."""

import os
import re
from pathlib import Path

from ..errors import ConfigError
from ..ordinary import opened_file
from ..text import escaped

LARGEST_FILE = 100_000_000
"""Bytes of one document."""
_BEGINNINGS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a packed file, such as a Word or Excel document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old or encrypted Office document",
    b"{\\rtf": "a text in RTF",
    b"\x1f\x8b": "a packed file",
}
"""What files begin with that are no text, whatever they are called."""
_WESTERN = re.compile(r"[\w\s!-~€‚„…†‡‰‹‘’“”•–—™›¡-¬®-¿]*+")
_MIDWORD = re.compile(r"(?<=[^\W\d_])[^\w\s!-~’\u2013\xad](?=[^\W\d_])")


def bytes_of(path: Path, *, expected: str) -> bytes:
    """Return what stands in a file.

    Args:
        path: The file.
        expected: What it is said to be, for an error's sentence.

    Raises:
        ConfigError: It is too large.
        OSError: It cannot be read, or is no ordinary file.
    """
    with opened_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(LARGEST_FILE + 1) if size <= LARGEST_FILE else b""
    size = max(size, len(data or b""))
    if size > LARGEST_FILE:  # some files have no size of their own, and some grow
        raise ConfigError(
            f"found {str(path)!r}, expected {expected} of at most {LARGEST_FILE:,} bytes: it has {size:,}; "
            "split it, or leave it out"
        )
    return data or b""


def title_of(path: Path) -> str:
    """Return what a document is called that says no title: its name, as it can stand in a line."""
    return escaped(path.stem)


def checked_bytes(path: Path, *, expected: str) -> bytes:
    """Return what stands in a file that is to be text of some kind.

    Raises:
        ConfigError: It is too large, or something else under a wrong name.
        OSError: It cannot be read.
    """
    data = bytes_of(path, expected=expected)
    if kind := next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), None):
        raise ConfigError(
            f"found {str(path)!r}, expected {expected}: it is {kind}; name it as what it is, or leave it out"
        )
    return data


def decoded_text(path: Path, *, expected: str, western: list[str] | None = None) -> str:
    """Return the text of a file, in lines that end with a newline.

    Args:
        path: The file.
        expected: What it is said to be, for an error's sentence.
        western: Where to tell that it is in Windows-1252, as spreadsheets write it, and no Unicode; None refuses it.

    Raises:
        ConfigError: It is too large, no text, or in another encoding.
        OSError: It cannot be read.
    """
    data = checked_bytes(path, expected=expected)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as exc:
        text = data.decode("cp1252", "replace") if western is not None else ""
        if western is None or not _is_western(text):
            raise ConfigError(
                f"found {str(path)!r}, expected {expected} in UTF-8; save it so, or leave it out"
            ) from exc
        western.append("is read as Windows-1252, for it is no UTF-8")
    if "\0" in text:
        raise ConfigError(f"found {str(path)!r}, expected {expected}; it holds none, so name it as what it is")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_western(text: str) -> bool:
    """Tell a text that makes sense in Windows-1252: few letters have accents, and no sign stands within a word."""
    accented = sum(char.isalpha() and not char.isascii() for char in text)
    letters = sum(map(str.isalpha, text))
    return bool(_WESTERN.fullmatch(text)) and 4 * accented <= letters and not _MIDWORD.search(text)
