"""Files are read as what their names say, or refused in a sentence."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.offline.files import bytes_of, decoded_text

WESTERN = "Die Büroöffnung kostet 5 € – »sofort« und d’accord."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_its_marks_and_line_ends(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes("one\r\ntwo\rdrei ü".encode(encoding))

    assert decoded_text(tmp_path / "a.txt", expected="text") == "one\ntwo\ndrei ü"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7", "expected text: it is a PDF; name it"),
        (b"PK\x03\x04", "expected text: it is a packed file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "expected text: it is an old or encrypted Office document"),
        (b"{\\rtf1 pump}", "expected text: it is a text in RTF"),
        (WESTERN.encode("cp1252"), "expected text in UTF-8; save it so"),
        (b"pump\0", "expected text; it holds none"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)

    with pytest.raises(ConfigError, match=rf"found '.*a.txt', {expected}"):
        decoded_text(tmp_path / "a.txt", expected="text")


@pytest.mark.parametrize(
    ("text", "encoding", "is_read"),
    [
        (WESTERN, "cp1252", True),
        ("Gewährleistung", "latin-1", True),
        ("Гарантия два года", "cp1251", False),
        ("Büro und größer", "cp850", False),
        ("保修期为两年", "gb18030", False),
        ("Zażółć gęślą jaźń", "cp1250", False),
    ],
)
def test_only_what_makes_sense_is_taken_for_western(tmp_path: Path, text: str, encoding: str, *, is_read: bool) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    western: list[str] = []

    try:
        assert decoded_text(tmp_path / "a.csv", expected="a table", western=western) == text
    except ConfigError:
        assert not is_read
    assert western == ["is read as Windows-1252, for it is no UTF-8"] * is_read


def test_what_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.pdf").open("wb") as file:
        file.truncate(100_000_001)

    with pytest.raises(ConfigError, match=r"expected a PDF of at most 100,000,000 bytes: it has 100,000,001; split it"):
        bytes_of(tmp_path / "a.pdf", expected="a PDF")
