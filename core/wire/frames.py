"""What the data of an event is: an object, several, an end, or what keeps a connection alive."""

from .parsing import read_json

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
