"""Members of a zip are read one at a time; what is cut, changed or unpacks without bound is refused."""

import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange import zips
from tables import each

LOG = Path(__file__).parents[2] / "data" / "planets.eval"
"""Written by inspect_ai 0.3.285, whose members are packed by Zstandard."""


def unpacked(path: Path, name: str = "a") -> bytes:
    with zips.opened_zip(path) as file:
        return file.member(name)


def test_members_packed_in_either_way_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", "x" * 10_000)

    assert unpacked(tmp_path / "a.zip") == b"x" * 10_000
    assert unpacked(LOG, "samples/1_epoch_1.json").startswith(b"{")


@each("length", [0, 1, 100, 2_000, 5_000])
def test_a_zip_that_was_cut_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "a.eval").write_bytes(LOG.read_bytes()[:length])

    with pytest.raises(ConfigError, match=r"cannot be read: .*; expected a whole zip"):
        unpacked(tmp_path / "a.eval", "header.json")


def test_a_zip_with_a_byte_changed_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    content = LOG.read_bytes()
    for place in range(0, len(content), 37):
        (tmp_path / "a.eval").write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        with suppress(ConfigError), zips.opened_zip(tmp_path / "a.eval") as changed:
            [*map(changed.member, changed.names)]


def test_what_unpacks_without_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_MEMBER", 3_000_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", bytes(4_000_000))
        for name in "bcd":
            file.writestr(name, bytes(2_900_000))

    with pytest.raises(ConfigError, match="unpack to more than a log may"):
        unpacked(tmp_path / "a.zip")
    with zips.opened_zip(tmp_path / "a.zip") as several:
        assert len(several.member("b")) == 2_900_000
