"""Files with and without a model's weights."""

import struct
from pathlib import Path

import pytest
from langgraph_moa.core.local import weights

MARTIAN = "martian"


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def header(architecture: str) -> bytes:
    """Return a GGUF file of version 3 without tensors, that says of itself only what it is."""
    return (
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + text("general.architecture")
        + struct.pack("<I", 8)
        + text(architecture)
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with files that are, or are not, a model's weights; none of them has been named yet."""
    monkeypatch.setattr(weights, "_names", {})
    for name, content in {
        "empty.gguf": b"",
        "pointer.gguf": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "backwards.gguf": b"FUGG" + bytes(100),
        "martian.gguf": header(MARTIAN),
        "cut.gguf": header("llama")[:20],
        "a/m.gguf": header(MARTIAN),
        "b/m.gguf": header(MARTIAN),
        "x/b/m.gguf": header(MARTIAN),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path
