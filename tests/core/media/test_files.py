"""A file becomes a block by what its first bytes say, and each mistake is one sentence."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.media.blocks import media_of
from langgraph_moa.core.media.files import MOST_ATTACHED, MOST_ATTACHED_BYTES, blocks_of_files
from pictures import PNG, jpeg, pdf_of, png, wav, webp


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    kinds = {"png": png(), "jpg": jpeg(9, 9), "webp": webp(9, 9), "gif": b"GIF89a" + b"\x09\x00" * 4, "wav": wav()}
    kinds |= {"pdf": pdf_of(tmp_path, 1), "mp3": b"ID3rest", "empty": b"", "txt": b"hello"}
    named = {kind: tmp_path / f"a.{kind}" for kind in kinds}
    for kind, path in named.items():
        path.write_bytes(kinds[kind])
    return named


def test_files_become_blocks(files: dict[str, Path]) -> None:
    given = (
        [files[kind] for kind in ("png", "jpg", "webp", "gif")],
        [files[kind] for kind in ("pdf", "wav", "mp3", "png")],
    )

    blocks = blocks_of_files(*given)

    assert [block["mime_type"] for block in blocks[:4]] == ["image/png", "image/jpeg", "image/webp", "image/gif"]
    assert [block["type"] for block in blocks[4:]] == ["file", "audio", "audio", "image"]
    assert blocks[0] == {"type": "image", "base64": PNG, "mime_type": "image/png"}
    assert blocks[4]["filename"] == "a.pdf"
    assert [media.kind for media in map(media_of, blocks) if media] == ["image"] * 4 + [
        "pdf",
        "audio",
        "audio",
        "image",
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("none", "a.none cannot be read: No such file or directory; expected a picture: PNG, JPEG, GIF or WebP"),
        ("empty", "a.empty empty, expected a picture"),
        ("txt", "a.txt, which is neither of these, expected a picture"),
        ("pdf", "a.pdf, which is a PDF, expected a picture: PNG, JPEG, GIF or WebP; give it with --file"),
        ("wav", "a.wav, which is a recording, expected"),
        ("large", "a.large cannot be read: it has more than 20,000,000 bytes; expected"),
        ("folder", "a.folder cannot be read: it is a folder, and no file; expected"),
    ],
)
def test_each_mistake_is_a_sentence(files: dict[str, Path], tmp_path: Path, kind: str, words: str) -> None:
    if kind == "large":
        with (tmp_path / "a.large").open("wb") as file:
            file.truncate(MOST_ATTACHED_BYTES + 1)
    if kind == "folder":
        (tmp_path / "a.folder").mkdir()

    with pytest.raises(ConfigError) as caught:
        blocks_of_files([files.get(kind, tmp_path / f"a.{kind}")], [])

    assert words in str(caught.value)


def test_no_more_files_are_sent_than_anybody_takes(files: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="found 21 files with a question, expected at most 20"):
        blocks_of_files([files["png"]] * MOST_ATTACHED, [files["pdf"]])


def test_what_a_file_is_called_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "photo.pdf"
    file.write_bytes(png())
    blocks: list[dict[str, Any]] = blocks_of_files([file], [])

    assert blocks[0]["mime_type"] == "image/png"
