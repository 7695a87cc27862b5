"""What only who has an account can mend is told from what is a request's own."""

import json

import pytest
from langgraph_moa.core.batches.account_refusals import is_accounts


def error(message: str = "m", **names: object) -> dict[str, object]:
    return {"error": {"message": message, **names}}


ACCOUNTS: list[tuple[int | None, object]] = [
    (401, ""),
    (402, error("Credit limit exceeded. Please add credit", type="credit_limit", code=None)),  # Together
    (429, error(type="insufficient_quota", code="project_spend_limit_exceeded")),  # OpenAI
    (429, error(type="insufficient_quota", code=None)),
    (400, error(code="billing_hard_limit_reached")),
    (None, {"code": "billing_not_active", "message": "m", "line": None}),
    (400, error(code="blocked_api_access")),  # Groq
    (
        400,
        {"type": "error", **error("Your credit balance is too low to access the API.", type="invalid_request_error")},
    ),
    (400, error("You have reached your specified API usage limits.", type="invalid_request_error")),
    (403, {"type": "error", **error(type="permission_error")}),
    (403, {"code": "permission-denied", "error": "Your team has either used all available credits or more"}),  # xAI
]
REQUESTS: list[tuple[int | None, object]] = [
    (200, error(code="insufficient_quota")),
    (None, b"batch_expired"),
    (403, error("Input token count exceeds the context length")),
    (429, error(type="tokens", code="rate_limit_exceeded")),
    (400, error(type="invalid_request_error", code="string_above_max_length")),
    (500, {"error": {"error": {"error": {"error": {"code": "insufficient_quota"}}}}}),
    (400, [5]),
    (404, {"error": {"code": {}, "type": ["insufficient_quota"], "message": None}}),
]


@pytest.mark.parametrize(("status", "body"), ACCOUNTS)
def test_an_accounts(status: int | None, body: object) -> None:
    assert is_accounts(status, body)
    assert is_accounts(status, json.dumps(body).encode())


@pytest.mark.parametrize(("status", "body"), REQUESTS)
def test_a_requests_own(status: int | None, body: object) -> None:
    assert not is_accounts(status, body)
