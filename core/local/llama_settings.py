"""How llama.cpp's server is set to serve a file: its slots, their windows, and what depends on the machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..text import one_line

if TYPE_CHECKING:
    from xllamacpp import CommonParams

SLOTS = 4
"""Requests that are answered at a time; others wait."""
WINDOW = 4096
"""Tokens of a slot's window, which memory is taken for at once; a model that was trained on fewer has fewer."""
_PROMPT_CACHE_MIB = 512
"""What it keeps of earlier prompts; llama.cpp's own 8 GiB are too many beside the rest of a process."""
_HTTP_THREADS = 64
"""Connections served at a time: those that wait for a slot, and those that are only kept open."""


def server_parameters(file: Path, name: str, key: str) -> "CommonParams":
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
