"""Errors of runs, as statuses."""

from typing import Any

import pytest
from langgraph_moa import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MoAError
from langgraph_moa.apps.serve.refusals import Refusal, refusal_of, told_to_the_log
from langgraph_moa.graphs.adapters.structured import UnfitAnswer


def failed(*why: str | None, status: str = "error") -> AllProposersFailed:
    failures: list[Any] = [
        {"proposer": "m", "status": status, "error": "x", "obstacle": {"why": one, "window": None} if one else None}
        for one in why
    ]
    return AllProposersFailed(failures)


@pytest.mark.parametrize(
    ("error", "status", "code", "again"),
    [
        (failed("too_long", "too_long"), 400, "context_length_exceeded", False),
        (failed("too_long", None), 502, "models_failed", False),
        (failed("media"), 400, "unsupported_media", False),
        (failed("unreachable", "loading"), 503, "models_unavailable", True),
        (failed(None, status="rate_limited"), 503, "models_unavailable", True),
        (failed(None, status="timeout"), 504, "models_failed", False),
        (failed("key"), 502, "models_failed", False),
        (BudgetExceeded("Budget(calls=1)"), 402, "budget_exceeded", False),
        (InputError("found nothing"), 400, None, False),
        (ConfigError("found x"), 400, None, False),
        (MoAError("x"), 500, "mixture_failed", False),
        (UnfitAnswer("city", "x"), 502, "answer_does_not_fit", False),
        (RuntimeError("secret"), 500, "internal_error", False),
        (Refusal(404, "x", code="y"), 404, "y", False),
    ],
    ids=str,
)
def test_an_error_has_its_status(error: Exception, status: int, code: str | None, again: bool) -> None:
    refusal = refusal_of(error)

    assert (refusal.status, refusal.code) == (status, code)
    assert refusal.headers["x-should-retry"] == ("true" if again else "false")
    assert ("Retry-After" in refusal.headers) == again
    assert "secret" not in str(refusal)
    assert refusal.body["error"].keys() == {"message", "type", "param", "code"}


def test_the_log_repeats_no_words() -> None:
    errors = [
        failed("key", None),
        UnfitAnswer("city", "secret"),
        Refusal(404, "secret", code="y"),
        InputError("secret"),
    ]
    try:
        raise RuntimeError("secret")
    except RuntimeError as exc:
        errors.append(exc)
    lines = [told_to_the_log(error) for error in errors]

    assert lines[:4] == ["models_failed (m: key, m: error)", "answer_does_not_fit", "y", "messages"]
    assert lines[4].startswith("unexpected RuntimeError at test_refusals.py:")
