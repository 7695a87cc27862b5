"""A server that breaks HTTP on purpose, byte for byte: a model called `CASE/hurt7` gets the fault of that number.

All others answer as they should. `python hostile_server.py 7 ...` makes ready for some, prints its address, and serves
until standard input closes.
"""

import asyncio
import json
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hostile_faults import FAULTS, Hung, Peer, answered, elsewhere


@dataclass
class Hostile:
    """Be the server, and its log by case."""

    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    strays: Counter[str] = field(default_factory=Counter)
    """Requests that should not have come: redirected, or with what was smuggled into an answer."""
    hurting: "defaultdict[str, set[asyncio.StreamWriter]]" = field(default_factory=lambda: defaultdict(set))
    """The connections on which something is being broken."""

    def told_of(self, case: str) -> dict[str, int]:
        """Return what the log says of a case."""
        return {"requests": self.requests[case], "strays": self.strays[case], "open": len(self.hurting[case])}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on a connection, one request after the other."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, Hung):
            while await self._answer(reader, writer):
                pass
        with suppress(ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; say whether the connection can take another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        body = await reader.readexactly(int(lengths[0])) if lengths else b""
        if method == "GET":
            told = json.dumps(self.told_of(path.rpartition("/")[2])).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
            return True
        request = json.loads(body)
        case, _, who = request["model"].partition("/")
        self.requests[case] += 1
        self.strays[case] += elsewhere(path) or b"SMUGGLED" in body
        peer = Peer(reader, writer, request, path)
        if not who.startswith("hurt"):
            writer.write(answered(peer))
            await writer.drain()
            return True
        self.hurting[case].add(writer)
        try:
            return bool(await [*FAULTS.values()][int(who[4:])].act(peer))
        finally:
            with suppress(OSError):
                if not writer.is_closing():
                    await writer.drain()
            self.hurting[case].discard(writer)


@contextmanager
def serve_hostile() -> Iterator[Hostile]:
    """Run one in a thread for as long as the block lasts."""
    server, loop = Hostile(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hostile", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(_start(server), loop).result()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _start(server: Hostile) -> asyncio.Server:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**26, backlog=1024)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    return listening


async def _main() -> None:
    for number in sys.argv[1:]:
        [*FAULTS.values()][int(number)].prepare()
    server = Hostile()
    listening = await _start(server)
    print(server.url, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    listening.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
