"""Ordinary files are read; what is none is known by its kind, and nothing waits for it."""

import os
import socket
from pathlib import Path

import pytest
from langgraph_moa.core import ordinary
from langgraph_moa.core.ordinary import (
    append_line,
    beside,
    content_of,
    file_kind,
    lines_of,
    on_the_disk,
    opened_file,
    whole_lines,
)


def test_a_kind_is_named_and_a_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")

    kinds = {name: file_kind(tmp_path / name) for name in ("pipe", "link", "file", "nothing", ".", "\0")}

    assert kinds == {"pipe": "a pipe", "link": "a pipe", "file": None, "nothing": None, ".": "a folder", "\0": None}
    assert file_kind(Path(os.devnull)) == "a device"


@pytest.mark.parametrize("is_looked_at", [True, False], ids=["as it is", "put there since it was looked at"])
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_what_is_no_file_is_refused_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, is_looked_at: bool
) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = {"a pipe": tmp_path / "pipe", "a device": Path("/dev/zero"), "a folder": tmp_path}[kind]
    if not is_looked_at:
        monkeypatch.setattr(ordinary, "file_kind", lambda path: None)

    with pytest.raises(OSError, match=f"it is {kind}, and no file"):
        content_of(path, most=9)


def test_a_socket_is_refused_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

        with pytest.raises(OSError, match="it is a socket, and no file"):
            opened_file(Path("socket"))


def test_a_file_is_read_to_what_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"123456789")
    (tmp_path / "link").symlink_to("file")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(10_000_000_000)

    assert content_of(tmp_path / "link", most=9) == b"123456789"
    with pytest.raises(OSError, match="it has more than 8 bytes"):
        content_of(tmp_path / "file", most=8)
    with pytest.raises(OSError, match="it has more than 1,000 bytes"):
        content_of(tmp_path / "hole", most=1_000)


def test_a_line_is_no_longer_than_memory_should_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordinary, "LONGEST_LINE", 8)
    (tmp_path / "file").write_bytes(b"one\n\n1234567\n12345678\n")
    lines: list[bytes] = []

    with opened_file(tmp_path / "file") as file, pytest.raises(OSError, match="line 4 has more than 8 bytes"):
        lines.extend(lines_of(file))

    assert lines == [b"one\n", b"\n", b"1234567\n"]


def test_a_last_line_that_was_cut_off_is_taken_off_its_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert whole_lines(file, most=99) == b""

    append_line(file, b"one\n")
    file.write_bytes(file.read_bytes() + b"tw")
    assert whole_lines(file, most=99) == file.read_bytes() == b"one\n"

    append_line(file, b"two\n")
    assert whole_lines(file, most=99) == file.read_bytes() == b"one\ntwo\n"


def test_what_goes_with_a_file_stands_where_it_does_whichever_name_is_used(tmp_path: Path) -> None:
    link, real = tmp_path / "link.jsonl", tmp_path / "real.jsonl"
    link.symlink_to(real)
    assert beside(link, ".more") == beside(real, ".more") == tmp_path / "real.jsonl.more"
    on_the_disk(real)  # which is not there yet
