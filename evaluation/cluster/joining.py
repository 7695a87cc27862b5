"""Start a Ray cluster on this machine, or join one, and leave it again."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from ...core.errors import ConfigError, MissingExtra
from ...core.text import one_line, printable, redact

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody, unless the user says otherwise
    "RAY_AUTH_MODE": "token",  # what Ray does by itself in a cluster of its own, with a warning
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",  # it shows addresses of functions for a SIGTERM that is heeded here
}
_AT_HOME = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What has all of Ray's processes listen on 127.0.0.1 only, as they do by themselves on Windows and macOS."""


def check_address_of_cluster(address: str | None) -> None:
    """Refuse an address that cannot be joined.

    Args:
        address: `host:port` or `auto`; None starts a cluster here.

    Raises:
        ConfigError: It is Ray Client's, or empty.
    """
    if address is not None and (not address.strip() or "://" in address):
        shown = one_line(redact(repr(address)), limit=80)
        raise ConfigError(
            f"found the address {shown}, expected host:port of a Ray cluster, or auto; run the command on one of its "
            "machines, by `ray job submit` for example, and say auto"
        )


_ANSWERS_S = 10.0
"""Seconds in which a cluster has to be there."""


@asynccontextmanager
async def part_of_cluster(address: str | None, actors: int | None) -> AsyncIterator[Any]:
    """Be part of a Ray cluster, and yield Ray; one that was joined before stays.

    Args:
        address: Of the cluster; None starts one on this machine, unless Ray has been started here.
        actors: How many are wanted: a cluster of our own gets room for them.

    Raises:
        ConfigError: There is no cluster at this address, or it cannot be joined.
        MissingExtra: Ray is not installed.
    """
    check_address_of_cluster(address)
    for name, value in (_QUIET if address else {**_QUIET, **_AT_HOME}).items():
        if "ray" not in sys.modules:
            os.environ.setdefault(name, value)
    # Ray's processes end with the thread that started them, and its handler of SIGTERM is set in the main one only.
    with ThreadPoolExecutor(1, thread_name_prefix="ray") as thread:
        loop = asyncio.get_running_loop()
        ray = await loop.run_in_executor(thread, _ray)
        if ray.is_initialized():
            if address is not None and address != "auto":
                raise ConfigError(
                    f"found the address {address!r} where Ray was joined before, expected none; leave it out"
                )
            yield ray
            return
        try:
            await loop.run_in_executor(thread, partial(_start, ray, address, actors))
            yield ray
        finally:
            await asyncio.shield(loop.run_in_executor(thread, ray.shutdown))


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as exc:
        raise MissingExtra("a batch on a Ray cluster", "ray") from exc
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells of every reading; its import sets the level, too
    return ray


def _start(ray: Any, address: str | None, actors: int | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}  # what actors print may be anybody's text
    if address is None:
        _start_here(ray, {"num_cpus": max(os.cpu_count() or 1, actors or 1), **quiet})
        return
    try:
        host, _, port = address.rpartition(":")
        if host and port.isdigit():  # Ray would try for minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_S).close()
        ray.init(address=address, **quiet)
    except (OSError, OverflowError, RuntimeError, ValueError, ray.exceptions.RayError) as exc:
        raise ConfigError(
            f"the Ray cluster at {one_line(address, limit=80)} cannot be joined: {_told(exc)}; expected host:port of "
            "one that runs, with the same Python and Ray as here"
        ) from exc


def _start_here(ray: Any, options: dict[str, Any]) -> None:
    memory = os.environ.get("LANGGRAPH_MOA_RAY_STORE")
    store = {"object_store_memory": int(memory)} if memory else {}
    for is_last in (False, True):  # on a busy machine, Ray may take longer than the 30 s that it gives itself
        try:
            ray.init(address="local", include_dashboard=False, **store, **options)
        except Exception as exc:
            ray.shutdown()
            if is_last:
                raise ConfigError(
                    f"Ray cannot be started on this machine: {_told(exc)}; mend that, or join a cluster that runs"
                ) from exc
        else:
            return


def _told(exc: Exception) -> str:
    return one_line(redact(printable(str(exc))), limit=300)
