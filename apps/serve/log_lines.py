"""A line a request for whoever runs the server: who asked, what came of it, what it cost; no texts, and no keys."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from langchain_core.messages import AIMessage

from .callers import Caller
from .refusals import Refusal

_PATHS = ("/v1/chat/completions", "/v1/models")
_METHODS = ("GET", "POST", "OPTIONS", "HEAD")


_PACKAGE = __package__.partition(".")[0]


@contextmanager
def named_records(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell of what other packages log only who did, and of which error: their words may hold a key or a text.

    Args:
        tell: Takes a line.
    """
    shown = _Named(tell)
    logging.getLogger().addHandler(shown)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(shown)


class _Named(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record of this package as it is; a handler of its own keeps Python from showing others as they are."""
        if record.name.partition(".")[0] == _PACKAGE:
            self._tell(record.getMessage())
        else:
            error = record.exc_info[0] if record.exc_info else None
            self._tell(f"{record.levelname} of {record.name}{f': {error.__name__}' if error else ''}")


class LogLine:
    """Gather what is told of one request.

    Attributes:
        id: What its client is told to ask about.
        caller: Whose key it brought.
        model: The mixture, once it is known that there is one.
        why: What went wrong, in no words of anybody's.
    """

    def __init__(self, method: str, path: str) -> None:
        self.id = uuid4().hex
        self.caller: Caller | None = None
        self.model = self.why = ""
        place = next((one for one in _PATHS if path.startswith(one)), "another path")
        self._what = f"{method if method in _METHODS else 'OTHER'} {place}"
        self._begun = time.monotonic()
        self._end, self._cost = "", ""

    def asked_by(self) -> Caller:
        """Return who asked.

        Raises:
            Refusal: Nobody has been let in.
        """
        if self.caller is None:
            raise Refusal(401, "found no key, expected Authorization: Bearer KEY", code="invalid_api_key")
        return self.caller

    def cost(self, answer: AIMessage) -> None:
        """Take down what an answer cost."""
        moa, usage = answer.response_metadata.get("moa") or {}, answer.usage_metadata
        usd = moa.get("usd")
        tokens = usage["total_tokens"] if usage else 0
        spared = (moa.get("spared") or {}).get("calls")
        self._cost = f"{moa.get('calls', 0)} calls, {tokens} tokens{'' if usd is None else f', {usd:.6f} USD'}"
        self._cost += f", {spared} from the cache" if spared else ""

    def close(self, end: int | str) -> None:
        """Take down how it ended."""
        self._end = f"{end} after {time.monotonic() - self._begun:.3f} s"

    def __str__(self) -> str:
        parts = [self.caller.name if self.caller else "nobody", self.model, self._cost, self.why, self.id]
        return f"{self._what}: {self._end}; " + "; ".join(filter(None, parts))
