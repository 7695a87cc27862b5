"""A file with a model's weights as a model: llama.cpp's own OpenAI-compatible server, in this process.

The file is loaded when the model is resolved, once for all who name it, and its server listens on a free port of
127.0.0.1 until the process ends. xllamacpp holds the interpreter while it loads: whatever thread does it, all others
stand still for seconds. On an event loop, resolve in a thread all the same, because reading a file blocks.
"""

import atexit
import ctypes
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..errors import ConfigError, MissingExtra
from ..portal import close_portals
from .llama_settings import server_parameters
from .weights import PREFIX, FileId, checked_file, file_name_of, identity_of, why_not_loaded

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_PATIENCE = 5.0
"""Seconds in which requests that were cut end at the process's end."""


@dataclass(frozen=True)
class ServedFile:
    """Be a file that is served."""

    name: str
    url: str
    key: str
    """Made here, for this server alone: it keeps other users of the machine, and web pages, out."""
    window: int
    """Tokens of a slot, prompt and answer together."""
    slots: int
    reads: Mapping[str, bool]
    """What it reads beside text, as its server says: `vision` and `audio`."""
    template: str
    """The Jinja template that makes one text of a conversation, the file's own or llama.cpp's."""


_lock = threading.Lock()
_served: dict[FileId, ServedFile] = {}
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
    from ..wire.chat import ChatCompletions

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
        "profile": {"max_input_tokens": room, **_profile_of(served.reads)},
        "metadata": {"slots": served.slots},
    }
    return ChatCompletions(**fields | options)


def _profile_of(reads: Mapping[str, bool]) -> dict[str, bool]:
    """Return what a server says that a file reads, as profiles say it."""
    pictures, sound = reads.get("vision"), reads.get("audio")
    profile = {} if pictures is None else {"image_inputs": pictures, "pdf_inputs": False}
    return profile | ({} if sound is None else {"audio_inputs": sound})


def serve(path: str) -> ServedFile:
    """Serve a file, once for all who name it, and say where.

    Args:
        path: The file, absolute or from the working directory; `~` is the home directory.

    Raises:
        ConfigError: There is no such file, or it cannot be loaded.
        MissingExtra: xllamacpp is not installed.
    """
    file = checked_file(path)
    identity = identity_of(file)
    with _lock:
        if identity not in _served:
            _served[identity] = _start(file, file_name_of(file, identity))
        return _served[identity]


def _start(file: Path, name: str) -> ServedFile:
    key = secrets.token_urlsafe(32)
    with _interrupted_afterwards():
        server = _loaded(file, name, key)
        # Destroyed while it answers, or by a process that was forked and does not have its threads, it would hang; the
        # interpreter drops its references wherever it stands. So this one is dropped in _stop alone.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(server))
        if not _servers:
            atexit.register(_stop)
        _servers.append((os.getpid(), server))
    url = server.listening_address
    properties = _answer_at(f"{url}/props", key)
    return ServedFile(
        name=name,
        url=f"{url}/v1",
        key=key,
        window=properties["default_generation_settings"]["n_ctx"],
        slots=properties["total_slots"],
        reads=properties.get("modalities") or {},
        template=properties["chat_template"],
    )


@contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Hold Ctrl-C back until a server is where it can be ended: one that is half loaded hangs when it is destroyed."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows has none
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _loaded(file: Path, name: str, key: str) -> Any:
    """Load a file into a server of its own."""
    try:
        from xllamacpp import Server
    except ImportError as exc:
        raise MissingExtra(f"the model {PREFIX}{name}", "local") from exc

    try:
        return Server(server_parameters(file, name, key))
    except RuntimeError as exc:
        raise ConfigError(f"{PREFIX}{name} cannot be loaded: {why_not_loaded(file)}") from exc


def _answer_at(url: str, key: str) -> Any:
    import httpx2

    with httpx2.Client(trust_env=False, timeout=30, headers={"Authorization": f"Bearer {key}"}) as client:
        return client.get(url).raise_for_status().json()


def _stop() -> None:
    """End what serves, once nothing asks it any more: destroyed before that, it would wait for its answers forever."""
    from ..wire.session import POOLS

    mine = [server for process, server in _servers if process == os.getpid()]
    if not mine:
        return
    close_portals()
    POOLS.close(_PATIENCE)
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
        return not any(slot["is_processing"] for slot in _answer_at(f"{url}/slots", keys[url]))
    except (httpx2.HTTPError, KeyError):
        return False
