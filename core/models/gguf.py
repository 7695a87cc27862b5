"""A file with a model's weights as a model: llama.cpp's own OpenAI-compatible server, in this process.

The file is loaded when the model is resolved, once for all who name it, and its server listens on a free port of
127.0.0.1 until the process ends. xllamacpp holds the interpreter while it loads: whatever thread does it, all others
stand still for seconds. On an event loop, resolve in a thread all the same, because reading a file blocks.
"""

import atexit
import ctypes
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..errors import ConfigError, MissingExtra
from ..portal import close_portals
from ..text import one_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from xllamacpp import CommonParams

PREFIX = "gguf:"
SLOTS = 4
"""Requests that are answered at a time; others wait."""
WINDOW = 4096
"""Tokens of a slot's window, which memory is taken for at once; a model that was trained on fewer has fewer."""
_PROMPT_CACHE_MIB = 512
"""What it keeps of earlier prompts; llama.cpp's own 8 GiB are too many beside the rest of a process."""
_HTTP_THREADS = 64
"""Connections served at a time: those that wait for a slot, and those that are only kept open."""
_MAGIC = b"GGUF"
_PATIENCE = 5.0
"""Seconds in which requests that were cut end at the process's end."""
_REASON = re.compile(r"error loading model: (.{1,300})")
_EXPLAIN = "import sys, xllamacpp as x; p = x.CommonParams(); p.model.path = sys.argv[1]; p.n_ctx = 256; x.Server(p)"
_File = tuple[int, int]
"""A file by its device and number, however it is named."""


@dataclass(frozen=True)
class Served:
    """Be a file that is served."""

    name: str
    url: str
    key: str
    """Made here, for this server alone: it keeps other users of the machine, and web pages, out."""
    window: int
    """Tokens of a slot, prompt and answer together."""
    slots: int
    template: str
    """The Jinja template that makes one text of a conversation, the file's own or llama.cpp's."""


_lock = threading.RLock()
_names: dict[_File, str] = {}
_served: dict[_File, Served] = {}
_servers: list[tuple[int, Any]] = []
"""What serves, with the process that started it."""


def gguf_model(path: str, options: dict[str, Any]) -> "BaseChatModel":
    """Return a chat model on the server of a file, which is started where it does not run yet.

    It blocks: see above.

    Args:
        path: The file, absolute or from the working directory; `~` is the home directory.
        options: Options of the chat model, such as `temperature`.

    Raises:
        ConfigError: There is no such file, or it cannot be loaded.
        MissingExtra: xllamacpp is not installed.
    """
    from langchain_openai.chat_models.base import BaseChatOpenAI

    from .transport import shared_async_client, shared_sync_client

    served, answer = serve(path), options.get("max_tokens")
    if answer is not None and answer >= served.window:
        raise ConfigError(
            f"found max_tokens={answer} for {PREFIX}{served.name}, expected less than its window of {served.window} "
            "tokens, prompt and answer together; raise LLAMA_ARG_CTX_SIZE, which all slots share"
        )
    room = served.window - (served.window // 4 if answer is None else answer)
    fields: dict[str, Any] = {
        "model": served.name,
        "base_url": served.url,
        "api_key": SecretStr(served.key),
        "http_client": shared_sync_client(),
        "http_async_client": shared_async_client(),
        "http_socket_options": (),
        "stream_usage": True,
        "profile": {"max_input_tokens": room},
        "metadata": {"slots": served.slots},
    }
    return BaseChatOpenAI(**fields | options)


def label_of(path: str) -> str:
    """Name a file for people and reports, without the folders it is in unless another one is called the same."""
    file = Path(path).expanduser()
    try:
        return PREFIX + _name_of(file, _identity(file))
    except OSError:
        return PREFIX + file.name


def serve(path: str) -> Served:
    """Serve a file, once for all who name it, and say where.

    Args:
        path: The file, absolute or from the working directory; `~` is the home directory.

    Raises:
        ConfigError: There is no such file, or it cannot be loaded.
        MissingExtra: xllamacpp is not installed.
    """
    file = _checked(path)
    identity = _identity(file)
    with _lock:
        if identity not in _served:
            _served[identity] = _start(file, _name_of(file, identity))
        return _served[identity]


def _identity(file: Path) -> _File:
    about = file.stat()
    return about.st_dev, about.st_ino


def _name_of(file: Path, identity: _File) -> str:
    """Return the file's name, with as many of its folders as tell it from others that were named before."""
    with _lock:
        if identity not in _names:
            parts = file.absolute().parts
            tails = ("/".join(parts[-length:]) for length in range(1, len(parts)))
            numbered = (f"{file.name}-{number}" for number in count(2))  # another file has taken this one's place
            taken = set(_names.values())
            _names[identity] = next(name for name in chain(tails, numbered) if name not in taken)
        return _names[identity]


def _checked(path: str) -> Path:
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
        with file.open("rb") as opened:
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


def _start(file: Path, name: str) -> Served:
    try:
        from xllamacpp import Server
    except ImportError as exc:
        raise MissingExtra(f"the model {PREFIX}{name}", "local") from exc

    key = secrets.token_urlsafe(32)
    try:
        server = Server(_parameters(file, name, key))
    except RuntimeError as exc:
        raise ConfigError(f"{PREFIX}{name} cannot be loaded: {_why_not_loaded(file)}") from exc
    # Destroyed while it answers, or by a process that was forked and does not have its threads, it would hang; the
    # interpreter drops its references wherever it stands. So this one is dropped in _stop alone.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(server))
    if not _servers:
        atexit.register(_stop)
    _servers.append((os.getpid(), server))
    url = server.listening_address
    told = _asked(f"{url}/props", key)
    return Served(
        name=name,
        url=f"{url}/v1",
        key=key,
        window=told["default_generation_settings"]["n_ctx"],
        slots=told["total_slots"],
        template=told["chat_template"],
    )


def _parameters(file: Path, name: str, key: str) -> "CommonParams":
    """Say how a file is served; the three that depend on the machine are named as llama-server names them."""
    from xllamacpp import CommonParams

    params = CommonParams()
    params.model.path = str(file)
    params.model_alias = {name}
    params.api_keys = [key]
    params.cors_origins = ""
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel = _whole_number("LLAMA_ARG_N_PARALLEL", SLOTS)
    params.n_ctx = _whole_number("LLAMA_ARG_CTX_SIZE", params.n_parallel * WINDOW)
    params.kv_unified = False  # a slot's window is its own, whatever the others do
    if threads := _whole_number("LLAMA_ARG_THREADS", 0):
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_threads_http = _HTTP_THREADS
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.warmup = params.ui = False
    params.verbosity = -1
    return params


def _whole_number(variable: str, usual: int) -> int:
    given = os.environ.get(variable, "")
    if given and not (given.isascii() and given.isdigit() and 1 <= int(given[:10]) <= 10_000_000):
        raise ConfigError(f"found {variable}={one_line(given, limit=40)!r}, expected a whole number from 1; mend it")
    return int(given or usual)


def _why_not_loaded(file: Path) -> str:
    """Say what llama.cpp writes to its log and not to its caller: a process of its own loads the file once more."""
    try:
        command = [sys.executable, "-c", _EXPLAIN, str(file)]
        tried = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)  # noqa: S603
        found = _REASON.search(tried.stderr)
    except (OSError, subprocess.SubprocessError):
        found = None
    if not found:
        return "llama.cpp does not say why; is there memory for it, or does a smaller LLAMA_ARG_CTX_SIZE help?"
    reason = one_line(found[1]).replace(str(file), file.name)
    if "architecture" in reason:
        return f"{reason}; is it a chat model, and does a newer xllamacpp know it?"
    return f"{reason}; download it again, or name the first file where it is in several"


def _asked(url: str, key: str) -> Any:
    import httpx2

    with httpx2.Client(trust_env=False, timeout=30, headers={"Authorization": f"Bearer {key}"}) as client:
        return client.get(url).raise_for_status().json()


def _stop() -> None:
    """End what serves, once nothing asks it any more: destroyed before that, it would wait for its answers forever."""
    from .transport import close_clients

    mine = [server for process, server in _servers if process == os.getpid()]
    if not mine:
        return
    close_portals()
    close_clients(_PATIENCE)
    _servers.clear()
    keys = {served.url.removesuffix("/v1"): served.key for served in _served.values()}
    ends = time.monotonic() + _PATIENCE
    while mine:
        server = mine.pop()
        while not (idle := _is_idle(server.listening_address, keys)) and time.monotonic() < ends:
            time.sleep(0.05)
        if idle:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(server))
        del server


def _is_idle(url: str, keys: dict[str, str]) -> bool:
    import httpx2

    try:
        return not any(slot["is_processing"] for slot in _asked(f"{url}/slots", keys[url]))
    except (httpx2.HTTPError, KeyError):
        return False
