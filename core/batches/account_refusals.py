"""Tell a refusal that is an account's, not a request's: no credit, a limit that is reached, a key that is not taken."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..wire.parsing import read_json

_STATUSES = frozenset({401, 402})
"""Not 403: Together answers so where one request is too long (docs.together.ai, error codes)."""
_CODES = frozenset({
    # OpenAI, as `code` or `type`
    "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
    "billing_not_active", "account_deactivated", "invalid_api_key", "unsupported_country_region_territory",
    # Together
    "credit_limit",
    # Groq
    "blocked_api_access", "organization_restricted",
    # Anthropic
    "billing_error", "authentication_error", "permission_error",
})  # fmt: skip
_WORDS = (
    "credit balance is too low", "reached your specified api usage limits", "credit limit exceeded",
    "used all available credits", "billing hard limit",
)  # fmt: skip
"""What Anthropic says in an `invalid_request_error`, and others where they name no code."""
_READ = 2000
"""Characters of a message that are looked at."""


def is_accounts(status: int | None, body: object) -> bool:
    """Tell a refusal that only who has the account can mend, after which the same request is taken.

    Args:
        status: The HTTP status; None where there is none, as of a batch that failed as a whole.
        body: What came with it: JSON, read or not.
    """
    if status is not None and 200 <= status < 300:
        return False
    sent = read_json(body) if isinstance(body, bytes) else body
    return status in _STATUSES or any(_is_accounts(part) for part in _parts(sent))


def _parts(sent: object) -> Iterator[Mapping[str, Any]]:
    """Yield an error, and what stands in it."""
    for _ in range(3):
        if not isinstance(sent, dict):
            break
        yield sent
        sent = sent.get("error")
    if isinstance(sent, str):
        yield {"message": sent}


def _is_accounts(error: Mapping[str, Any]) -> bool:
    words = str(error.get("message"))[:_READ].lower()
    names = {name for name in (error.get("code"), error.get("type")) if isinstance(name, str)}
    return not _CODES.isdisjoint(names) or any(part in words for part in _WORDS)
