"""A line a request for whoever runs the server: who asked, what came of it, what it cost; no texts, and no keys."""

import time
from uuid import uuid4

from langchain_core.messages import AIMessage

from .callers import Caller
from .refusals import Refusal

_PATHS = ("/v1/chat/completions", "/v1/models")
_METHODS = ("GET", "POST", "OPTIONS", "HEAD")


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
        self._cost = f"{moa.get('calls', 0)} calls, {tokens} tokens{'' if usd is None else f', {usd:.6f} USD'}"

    def close(self, end: int | str) -> None:
        """Take down how it ended."""
        self._end = f"{end} after {time.monotonic() - self._begun:.3f} s"

    def __str__(self) -> str:
        parts = [self.caller.name if self.caller else "nobody", self.model, self._cost, self.why, self.id]
        return f"{self._what}: {self._end}; " + "; ".join(filter(None, parts))
