"""Why a request gets no answer, as OpenAI's API says it: a status, and a body that its clients read."""

import traceback
from collections.abc import Mapping
from math import ceil
from pathlib import PurePath
from typing import Any

from ...core.errors import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MoAError
from ...graphs.adapters.asking import sentence_of
from ...graphs.adapters.structured import UnfitAnswer

AGAIN_S = 5
"""Seconds after which to ask again, where nobody knows better."""
_PASSES = {"unreachable", "loading", "rate_limited"}
"""What keeps models from answering, and passes."""


class Refusal(Exception):
    """Say why there is no answer.

    Attributes:
        status: HTTP's.
        code: What programs tell it by.
        kind: What OpenAI calls its `type`.
        param: The field that is wrong.
        again_s: Seconds after which to ask again; None where that comes to the same, or is paid for twice.
        allowed: The method that would do.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        kind: str = "invalid_request_error",
        param: str | None = None,
        again_s: float | None = None,
        allowed: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.kind, self.param, self.again_s = status, code, kind, param, again_s
        self.allowed = allowed

    @property
    def body(self) -> dict[str, Any]:
        """Return what OpenAI's clients make their errors of."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        """Return what keeps clients from asking again by themselves, or says when they may."""
        if self.again_s is None:
            return {"x-should-retry": "false", **({"Allow": self.allowed} if self.allowed else {})}
        return {"Retry-After": str(max(1, ceil(self.again_s))), "x-should-retry": "true"}


def refusal_of(error: Exception) -> Refusal:
    """Return what a failed run is told as; the same request mostly fails again, and its models were paid.

    Args:
        error: What the run raised.
    """
    match error:
        case Refusal():
            return error
        case AllProposersFailed():
            return _of_failures(error)
        case BudgetExceeded():
            return Refusal(402, sentence_of(error), code="budget_exceeded", kind="insufficient_quota")
        case InputError() | ConfigError():
            return Refusal(400, sentence_of(error), param="messages" if isinstance(error, InputError) else None)
        case UnfitAnswer():
            return _failed(502, sentence_of(MoAError(str(error))), "answer_does_not_fit")
        case MoAError():
            return _failed(500, sentence_of(error), "mixture_failed")
    return _failed(500, "the server failed at this request, and its log says how", "internal_error")


def told_to_the_log(error: Exception) -> str:
    """Say what went wrong, in no words of anybody's: a server's error may repeat the question."""
    match error:
        case AllProposersFailed():
            failures = ", ".join(f"{failure['proposer']}: {_why(failure)}" for failure in error.failures)
            return f"{refusal_of(error).code} ({failures})"
        case Refusal() | MoAError() | UnfitAnswer():
            refusal = refusal_of(error)
            return refusal.code or refusal.param or type(error).__name__.replace("Refusal", "")
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected {type(error).__name__}{where}"


def _of_failures(error: AllProposersFailed) -> Refusal:
    why = {_why(failure) for failure in error.failures}
    message = sentence_of(error)
    if why == {"too_long"}:
        return Refusal(400, message, code="context_length_exceeded", param="messages")
    if why == {"media"}:
        return Refusal(400, message, code="unsupported_media", param="messages")
    if why and why <= _PASSES:
        return _failed(503, message, "models_unavailable", again_s=AGAIN_S)
    return _failed(504 if why == {"timeout"} else 502, message, "models_failed")


def _why(failure: Mapping[str, Any]) -> str:
    return str((failure.get("obstacle") or {}).get("why") or failure["status"])


def _failed(status: int, message: str, code: str, *, again_s: float | None = None) -> Refusal:
    return Refusal(status, message, code=code, kind="server_error", again_s=again_s)
