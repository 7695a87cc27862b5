"""Files that a server keeps: sent, read line by line, and deleted."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

from ..errors import ConfigError
from ..wire.connections import full_url
from ..wire.losses import lost
from ..wire.pieces import pieces_of
from ..wire.refusals import ServerError, UnreadableAnswer
from ..wire.sending import Address, check_success, note_sent, stream
from ..wire.session import pool_for, request_options
from ..wire.sizes import answers_up_to, off_the_loop

_T = TypeVar("_T")
_MOST_ANSWER = 2**20
"""Bytes of what a server says of a file."""
_MOST_FILE = 2**32
_LONGEST_LINE = 2**26
"""Bytes of one line of a file: an answer of 8 MB whose every letter is escaped is shorter."""


@contextmanager
def file_to_send() -> Iterator[BinaryIO]:
    """Be a file to prepare what is sent in, of no name, and gone with the process.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        with TemporaryFile() as file:
            yield file
    except ServerError:  # of which a timeout is an OSError
        raise
    except OSError as exc:
        raise ConfigError(
            f"a batch cannot be prepared in {tempfile.tempdir or 'a temporary folder'}: {exc.strerror or exc}; make "
            "room there, or name another folder in TMPDIR, and start the same command again: nothing is lost"
        ) from exc


async def send_file(address: Address, path: str, file: BinaryIO, name: str, fields: Mapping[str, str]) -> bytes:
    """Send a file as a form, once, and return what the server says of it.

    Args:
        address: Where to.
        path: What comes after the base URL.
        file: What is sent, from its beginning.
        name: How it is called there.
        fields: What the form says beside it.

    Raises:
        ServerError: It was refused, or the connection was lost.
    """
    import aiohttp

    form = aiohttp.FormData()
    for field, value in fields.items():
        form.add_field(field, value)
    form.add_field("file", file, filename=name, content_type="application/jsonl")
    return await _asked(address, "POST", path, form)


async def post_file(address: Address, path: str, file: BinaryIO) -> bytes:
    """Send a file of JSON as a request's body, once, and return what the server says.

    Args:
        address: Where to.
        path: What comes after the base URL.
        file: What is sent, from its beginning; it is read while it is sent.

    Raises:
        ServerError: It was refused, or the connection was lost.
    """
    return await _asked(address, "POST", path, file, "application/json")


async def delete(address: Address, path: str) -> bytes:
    """Delete what a path names, and return what the server says.

    Raises:
        ServerError: It was refused, or the connection was lost.
    """
    return await _asked(address, "DELETE", path, None)


async def _asked(address: Address, method: str, path: str, form: object, kind: str | None = None) -> bytes:
    pool = await pool_for(address.url)
    note_sent(address.host)
    proxy = pool.proxy_for(address.url)
    url = full_url(address.url, path, address.query)
    with lost(address, proxied=proxy is not None):
        async with pool.session.request(
            method, url, data=form, proxy=proxy, **request_options(address, kind)
        ) as response:
            await check_success(response, address)
            return b"".join([piece async for piece in pieces_of(address, response, _MOST_ANSWER)])


async def lines_at(address: Address, path: str) -> AsyncGenerator[bytes]:
    """Yield the lines of a server's file as they come, without their ends; one that is longer than any is left out.

    Args:
        address: Where it is.
        path: What comes after the base URL.

    Raises:
        ServerError: There is no such file, or it broke off: what was read of it stands, and it is read anew.
    """
    with answers_up_to(_MOST_FILE // 16):
        async with stream(_lines, address, path, None) as lines:
            async for line in lines:
                yield line


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    rest: list[bytes] = []
    size = 0
    async for piece in pieces:
        *whole, last = piece.split(b"\n")
        for line in whole:
            if size + len(line) <= _LONGEST_LINE:
                yield b"".join([*rest, line])
            rest, size = [], 0
        size += len(last)
        if size <= _LONGEST_LINE:
            rest.append(last)
        else:
            rest.clear()
    if last_line := b"".join(rest):
        yield last_line


async def read_line(read: Callable[[bytes], _T | None], line: bytes) -> _T | None:
    """Read a line of a file; None where it is none, or holds more values than any answer.

    Args:
        read: What reads it.
        line: The line.
    """
    try:
        return await off_the_loop(read, line)
    except UnreadableAnswer:
        return None
