"""A file with a model's weights: what it is called, whether it is one, and why it cannot be loaded."""

import re
import subprocess
import sys
import threading
from itertools import chain, count
from pathlib import Path

from ..errors import ConfigError
from ..ordinary import opened_file
from ..text import one_line

PREFIX = "gguf:"
_MAGIC = b"GGUF"
_REASON = re.compile(r"error loading model: (.{1,300})")
_EXPLAIN = "import sys, xllamacpp as x; p = x.CommonParams(); p.model.path = sys.argv[1]; p.n_ctx = 256; x.Server(p)"
FileId = tuple[int, int]
"""A file by its device and number, however it is named."""
_lock = threading.Lock()
_names: dict[FileId, str] = {}


def label_of(path: str) -> str:
    """Name a file for people and reports, without the folders it is in unless another one is called the same."""
    file = Path(path).expanduser()
    try:
        return PREFIX + file_name_of(file, identity_of(file))
    except OSError:
        return PREFIX + file.name


def identity_of(file: Path) -> FileId:
    """Return what a file is, under whatever path.

    Raises:
        OSError: There is none.
    """
    about = file.stat()
    return about.st_dev, about.st_ino


def file_name_of(file: Path, identity: FileId) -> str:
    """Return the file's name, with as many of its folders as tell it from others that were named before."""
    with _lock:
        if identity not in _names:
            parts = file.absolute().parts
            tails = ("/".join(parts[-length:]) for length in range(1, len(parts)))
            numbered = (f"{file.name}-{number}" for number in count(2))  # another file has taken this one's place
            taken = set(_names.values())
            _names[identity] = next(name for name in chain(tails, numbered) if name not in taken)
        return _names[identity]


def file_behind(label: str) -> str | None:
    """Return what tells a named file from all others, in other processes too; None where a label names none."""
    names = {f"{PREFIX}{name}": identity for identity, name in _names.copy().items()}
    return "file {} {}".format(*names[label]) if label in names else None


def checked_file(path: str) -> Path:
    """Return the file that is meant, if it can be one.

    Raises:
        ConfigError: It is none.
    """
    shown = one_line(repr(PREFIX + path))
    try:
        file = Path(path).expanduser()
    except RuntimeError as exc:
        raise ConfigError(f"found {shown}, whose home directory is not known; write the whole path") from exc
    try:
        with opened_file(file) as opened:
            begins = opened.read(len(_MAGIC))
    except FileNotFoundError as exc:
        where = "" if file.is_absolute() else f" in the working directory {one_line(str(Path.cwd()))}"
        raise ConfigError(f"found no file for {shown}{where}, expected one in the format GGUF; mend the path") from exc
    except IsADirectoryError as exc:
        raise ConfigError(f"found a folder for {shown}, expected a file in it that ends in .gguf; name that") from exc
    except (OSError, ValueError) as exc:
        why = one_line(getattr(exc, "strerror", None) or str(exc))
        raise ConfigError(f"the file of {shown} cannot be read: {why}; mend its path or its permissions") from exc
    if begins != _MAGIC:
        kind = "an empty file" if not begins else "a file of another format"
        raise ConfigError(
            f"found {kind} for {shown}, expected GGUF, as llama.cpp reads it; was it downloaded whole, or only its "
            "Git LFS pointer?"
        )
    return file


def why_not_loaded(file: Path) -> str:
    """Say what llama.cpp writes to its log and not to its caller: a process of its own loads the file once more."""
    try:
        command = [sys.executable, "-c", _EXPLAIN, str(file)]
        tried = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)  # noqa: S603
        match = _REASON.search(tried.stderr)
    except (OSError, subprocess.SubprocessError):
        match = None
    if not match:
        return "llama.cpp does not say why; is there memory for it, or does a smaller LLAMA_ARG_CTX_SIZE help?"
    reason = one_line(match[1]).replace(str(file), file.name)
    if "architecture" in reason:
        return f"{reason}; is it a chat model, and does a newer xllamacpp know it?"
    return f"{reason}; download it again, or name the first file where it is in several"
