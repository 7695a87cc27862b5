"""Server-sent events, read as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from .parsing import read_json
from .sizes import MOST_BYTES, too_large

STREAM_END = b"[DONE]"
_ENDS = {b"[done]", b"done", b"[end]"}
"""What servers say in its place, in any case, and some as a text of JSON."""
_LONGEST_END = 20
_ALIVE = (b":", b"ping", b"pong", b"keep", b"heartbeat")


def is_end(data: bytes) -> bool:
    """Tell whether an event says that the stream has ended.

    Args:
        data: What it holds.
    """
    return data == STREAM_END or (len(data) <= _LONGEST_END and data.strip(b" \t\r\n\"'").lower() in _ENDS)


def keeps_alive(data: bytes) -> bool:
    """Tell whether an event is there to keep the connection alive, and says so.

    Args:
        data: What it holds.
    """
    return data[:_LONGEST_END].lstrip(b" \t\"'").lower().startswith(_ALIVE)


def is_json(data: bytes) -> bool:
    """Tell whether what an event holds can be read, as `null` can.

    Args:
        data: What it holds.
    """
    return data == b"null" or read_json(data) is not None


def parted(data: bytes, *, is_last: bool = False) -> list[bytes]:
    """Return the events in one, where its server parts them by one newline instead of two.

    Args:
        data: What the event holds.
        is_last: Whether nothing ended it, so that its last line may be half of one.
    """
    if b"\n" not in data or is_json(data):
        return [data]
    lines = data.split(b"\n")
    judged = lines[:-1] if is_last else lines
    are_events = all(is_end(line) or keeps_alive(line) or is_json(line) or not line for line in judged)
    return lines if are_events else [data]


_LINE = 32
"""What each line takes beside its bytes."""


class Events:
    """Find what events hold in bytes that come in pieces; what is no stream of events is kept as it is."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        """Say how many bytes one event may have, or what is no stream."""
        self._most = most
        self._open: list[bytes] = []
        """Pieces of a line that has not ended yet."""
        self._data: list[bytes] = []
        self._size = 0
        """Bytes of the event so far."""
        self._other: list[bytes] = []
        """Lines of what is no stream of events so far."""
        self._has_begun = False
        self.is_stream = False
        """Whether it has held an event."""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return what the events hold that ended with this piece; each byte is looked at once.

        Raises:
            UnreadableAnswer: An event has more bytes than it may have.
        """
        self._size += len(piece)
        events = []
        if b"\n" in piece or b"\r" in piece:
            lines = b"".join([*self._open, piece]).splitlines(keepends=True)
            self._open = [] if lines[-1][-1:] in b"\r\n" else [lines.pop()]
            self._size += _LINE * len(lines)
            events = [data for line in lines if (data := self._line(line.rstrip(b"\r\n"))) is not None]
        else:
            self._open.append(piece)
        if self._size > self._most:
            raise too_large(f"an event of more than {self._most:,} bytes")
        return events

    def end(self) -> tuple[list[bytes], bytes]:
        """Return what the last event holds where nothing ended it, and all that came where it was no stream."""
        last = [data for line in (b"".join(self._open), b"") if (data := self._line(line)) is not None]
        return last, b"" if self.is_stream else b"\n".join(self._other)

    def _line(self, line: bytes) -> bytes | None:
        """Take a line; return an event's data where it ends one."""
        line, self._has_begun = line if self._has_begun else line.removeprefix(b"\xef\xbb\xbf"), True
        if line.startswith(b"data:"):
            self.is_stream = True
            data = line[5:].strip()
            data = data[5:].strip() if data.startswith(b"data:") else data  # gateways say it once more
            self._data.append(data)
            return self._event() if is_end(data) else None
        if not line and self.is_stream:
            return self._event()
        if not self.is_stream and not line.startswith(b":"):
            self._other.append(line)
        return None

    def _event(self) -> bytes | None:
        """Return the data so far; None where there is none, to keep the connection alive."""
        data, self._data, self._size = b"\n".join(self._data), [], sum(map(len, self._open))
        return data or None
