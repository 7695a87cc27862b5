"""Who may ask: keys, which are held as digests only, and how much each of them may ask."""

import asyncio
import hmac
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from ...core.errors import ConfigError
from ...core.functions import value_of
from ...core.text import escaped
from .refusals import Refusal

_P = ParamSpec("_P")
_T = TypeVar("_T")

SERVE_KEY_VARIABLE = "LANGGRAPH_MOA_SERVE_KEY"
_SHORTEST = 16
_LARGEST_FILE = 1_000_000
_THREADS = 2
"""Of one caller at once, which share one core with all others' in any case."""


@dataclass
class Caller:
    """Be one key's owner, and know what is under way for it.

    Attributes:
        name: Whom the log names.
        digest: The key's; None lets in whoever asks.
    """

    name: str
    digest: bytes | None = None
    at_once: int | None = None
    per_minute: int | None = None
    under_way: int = 0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _free_at: float = 0.0
    _threads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_THREADS), repr=False)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count a request for as long as it is under way.

        Raises:
            Refusal: It is one too many.
        """
        if self.at_once is not None and self.under_way >= self.at_once:
            raise _too_many(f"{self.at_once} requests of this key are under way, expected fewer", 1)
        self._take_turn()
        self.under_way += 1
        try:
            yield
        finally:
            self._leave()

    async def beside_the_loop(self, function: Callable[_P, _T], *given: _P.args, **options: _P.kwargs) -> _T:
        """Return what a function returns that takes the CPU, called in a thread.

        No thread can be ended: whose request ends before is under way until its thread is done.

        Raises:
            Exception: The function did.
        """
        await self._threads.acquire()
        work = asyncio.create_task(value_of(function, *given, **options))
        work.add_done_callback(lambda done: self._threads.release())
        try:
            return cast("_T", await asyncio.shield(work))
        except asyncio.CancelledError:
            if not work.done():
                self.under_way += 1
                work.add_done_callback(self._leave_after)
            raise

    def _leave_after(self, work: "asyncio.Task[object]") -> None:
        self._leave()
        if not work.cancelled():
            work.exception()  # nobody waits for it any more

    def _leave(self) -> None:
        self.under_way -= 1

    def _take_turn(self) -> None:
        """Let a minute's requests through at once, and then one whenever its share of a minute has passed."""
        if self.per_minute is None:
            return
        now, share = self.clock(), 60 / self.per_minute
        free_at = max(self._free_at, now)
        if (wait := free_at + share - now - 60) > 1e-9:
            raise _too_many(f"this key may ask {self.per_minute} times a minute, and did", wait)
        self._free_at = free_at + share


class Callers:
    """Know keys' owners."""

    def __init__(self, callers: Sequence[Caller]) -> None:
        self._callers = list(callers)
        self.are_checked = any(caller.digest for caller in callers)

    def of(self, authorization: str | None) -> Caller:
        """Return whose key a request brings; all are compared, so that time tells nothing.

        Raises:
            Refusal: It is nobody's.
        """
        if not self.are_checked:
            return self._callers[0]
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise _unknown("found no key, expected Authorization: Bearer KEY")
        digest = _digest(key.strip())
        owners = [caller for caller in self._callers if hmac.compare_digest(caller.digest or b"", digest)]
        if not owners:
            raise _unknown("found a key that is not known here, expected one that this server was started with")
        return owners[0]


def read_callers(file: Path | None, *, at_once: int | None = None, per_minute: int | None = None) -> Callers:
    """Read who may ask: from a file of keys and from the environment; nobody named is everybody on this machine.

    Args:
        file: A key a line, or a name, blanks and a key; what begins with # is a remark.
        at_once: How many requests of each may be under way.
        per_minute: How many each may send.

    Raises:
        ConfigError: The file cannot be read, holds no key, or one twice or too short.
    """
    pairs = list(_pairs_in(file)) if file else []
    # It is taken out, so that no process that is started from here, and no report of a failure, shows it.
    if (key := os.environ.pop(SERVE_KEY_VARIABLE, "").strip()) and key not in {held for _, held in pairs}:
        pairs.append(("environment", _long_enough(key, SERVE_KEY_VARIABLE)))
    if not pairs:
        return Callers([Caller("anyone", at_once=at_once, per_minute=per_minute)])
    return Callers([Caller(name, _digest(key), at_once=at_once, per_minute=per_minute) for name, key in pairs])


def _pairs_in(file: Path) -> Iterator[tuple[str, str]]:
    try:
        if not file.is_file():
            raise ConfigError(f"found no file {file} for --key-file, expected one with a key a line; name one")
        with file.open("rb") as stream:
            text = stream.read(_LARGEST_FILE + 1)
        lines = text.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file} cannot be read as keys: {type(exc).__name__}; expected a key a line") from exc
    if len(text) > _LARGEST_FILE:
        raise ConfigError(f"found more than {_LARGEST_FILE:,} bytes in {file}, expected a key a line")
    names: set[str] = set()
    keys: set[str] = set()
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"line {number} of {file}"
        if len(words) > 2:
            raise ConfigError(f"found {len(words)} words in {where}, expected a key, or a name and a key")
        name, key = words if len(words) == 2 else (f"key {number}", words[0])
        if key in keys or name in names:
            raise ConfigError(f"found a key or a name twice, in {where}, expected it once; leave one out")
        names.add(name)
        keys.add(_long_enough(key, where))
        yield escaped(name), key
    if not keys:
        raise ConfigError(f"found no key in {file}, expected one a line")


def _long_enough(key: str, where: str) -> str:
    if len(key) < _SHORTEST:
        raise ConfigError(
            f"found a key of {len(key)} characters in {where}, expected {_SHORTEST} or more; "
            "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
    return key


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def _unknown(message: str) -> Refusal:
    return Refusal(401, message, code="invalid_api_key")


def _too_many(message: str, again_s: float) -> Refusal:
    message = f"{message}; ask again in {max(1, ceil(again_s))} s"
    return Refusal(429, message, code="rate_limit_exceeded", kind="requests", again_s=again_s)
