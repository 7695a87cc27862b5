"""What a reply comes to: its status, why, and all else that a report says of the call."""

from typing import Any, cast

from langchain_core.messages.ai import UsageMetadata

from ...core.bounds.budget import call_at_most
from ...core.control_tokens import only_tokens
from ...core.models.prices import FREE_OF_CHARGE, FREE_PROVIDERS, price_of
from ...core.models.service_tiers import answered_tier, is_reported
from ...core.panel.seats import Seat
from ...core.run.records import USABLE, Call, Status
from ...core.run.usage import thought_tokens
from ...core.text import one_line, plain, shows_nothing, text_in
from ..prompting.prompt import Prompt
from .degenerate import repeated_piece
from .likelihood import likelihood_of
from .outcome import call_of
from .reading import Reply

_MOST_REASONING = 20_000
"""Characters of thinking that a report keeps, of its beginning and its end."""
_LONGEST_NAME, _MOST_TOKENS = 200, 5_000
_MOST_REPEATS = 8
_Judged = tuple[Status, str | None]


def answered_call(
    seat: Seat, prompt: Prompt, reply: Reply, facts: dict[str, Any], *, allowed: frozenset[str] | None = frozenset()
) -> Call:
    """Return what came of a call that brought a message.

    Args:
        seat: Who was asked.
        prompt: What it was asked.
        reply: What it said.
        facts: What else is known of the call.
        allowed: The tools that it may call, by name; None where nobody can tell.
    """
    metadata = reply.message.response_metadata
    nested = metadata.get("moa") or {}
    served = _served(metadata.get("model_name") or metadata.get("model"), reply)
    usage = nested.get("usage", reply.usage)
    names = (served, seat.label, seat.label.partition(":")[2])
    provider = seat.provider if seat.provider in FREE_PROVIDERS else metadata.get("model_provider") or seat.provider
    usd: float | None
    tier = None if nested else answered_tier(metadata)
    if nested:
        usd = nested["usd"]
    else:
        usd = price_of(usage, models=names, provider=provider, endpoint=seat.endpoint, own=seat.prices, tier=tier)
    return call_of(
        seat.label,
        served_model=served,
        usage=usage,
        calls=nested.get("calls", reply.calls),
        usd=usd,
        at_most=None if usage else call_at_most(seat, prompt.messages),
        **judged(reply, prompt, seat.role, allowed, limit=seat.max_tokens),
        **_likelihood(reply, seat),
        **_tier(seat, tier),
        **facts,
    )


def sampled(call: Call, prompt: Prompt, reply: Reply | None, *, seat: Seat) -> Call:
    """Return what came of a sample that another one's request brought, or failed to: it cost nothing more."""
    own = {name: value for name, value in call.items() if name not in ("no_room", "probability")}
    looks = {**judged(reply, prompt, seat.role, frozenset()), **_likelihood(reply, seat)} if reply else {}
    return cast("Call", {**own, **FREE_OF_CHARGE, **looks})


def _tier(seat: Seat, tier: str | None) -> dict[str, Any]:
    """Return the tier that answered, where that is worth telling."""
    return {"tier": tier} if is_reported(seat.tier, tier) else {}


def _likelihood(reply: Reply, seat: Seat) -> dict[str, Any]:
    """Return how likely the answer's tokens were, where that was asked for and told."""
    if seat.likelihood is None:
        return {}
    probability = likelihood_of(reply.message.response_metadata, seat.likelihood)
    return {} if probability is None else {"probability": probability}


def judged(
    reply: Reply, prompt: Prompt, role: str, allowed: frozenset[str] | None, *, limit: int | None = None
) -> dict[str, Any]:
    """Return what a report says of a reply: its status and why, how it ended, and what was thought.

    Args:
        reply: What was said.
        prompt: What it answers.
        role: Who said it.
        allowed: The tools that it may call.
        limit: Tokens that it could have, where it is all of a request's answers.
    """
    status, error = _status_of(reply, role, allowed)
    has_no_room = status != "ok" and _has_no_room(reply, limit)
    if has_no_room and status == "truncated":
        error = f"{error}{_thought(reply)}"
    echo = prompt.echo_in(reply.message) if status in USABLE else None
    if echo is not None:
        status, error = "invalid", f"the answer repeats its prompt: {one_line(echo, limit=80)}"
    reasons = one_line(plain("+".join(reply.ending.reasons)), limit=_LONGEST_NAME)
    return {
        "status": status,
        "error": error,
        "finish_reason": reasons or None,
        "reasoning": _shortened(plain(reply.reasoning).strip()) or None,
        **({"no_room": True} if has_no_room else {}),
    }


def _status_of(reply: Reply, role: str, allowed: frozenset[str] | None) -> _Judged:
    ending, reasons = reply.ending, " and ".join(repr(one_line(reason, limit=80)) for reason in reply.ending.reasons)
    if reply.refusal or ending.status == "refused":
        return "refused", one_line(reply.refusal or f"the server ended the answer with {reasons}")
    if ending.status == "error":
        return "error", f"the server ended the answer with {reasons}; ask again"
    text = text_in(reply.message)
    if _calls_in(reply) and (role == "aggregator" or not shows_nothing(text)):
        problem = _problem_with_calls(reply, allowed)
        return ("invalid", problem) if problem else ("ok", None)
    if shows_nothing(text) or (len(text) <= _MOST_TOKENS and only_tokens(text)):
        return "empty", "the answer holds no text" + _instead(reply, reasons)
    if piece := repeated_piece(text, cut=reply.is_long or ending.status == "truncated"):
        return "degenerate", f"the answer is one piece over and over: {one_line(piece, limit=40)!r}"
    if ending.calls:
        return "invalid", f"the server ended the answer with {reasons}, and sent no call; ask again"
    if reply.is_long:
        return "truncated", "the answer is longer than max_answer_bytes; what was beyond it was cut off"
    if reply.is_cut:
        return "truncated", "the answer broke off: its stream had no end"
    if ending.status == "truncated":
        how = "was cut at its token limit" if ending.is_known else f"ended in no usual way: {reasons}"
        return "truncated", f"the answer {how}"
    return "ok", None


def _problem_with_calls(reply: Reply, allowed: frozenset[str] | None) -> str | None:
    """Say why nobody may make the calls that a reply asks for; None where all were offered, and are whole."""
    names = _calls_in(reply)
    unknown = [name for name in names if allowed is not None and name not in allowed]
    if unknown:
        offered = " or ".join(sorted(allowed or ())) or "words"
        return f"found a call of {one_line(unknown[0], limit=80)!r}, expected {one_line(offered)}"
    if reply.is_cut or reply.ending.status != "ok":
        how = "cut" if reply.is_cut or not reply.ending.is_known else "cut at the token limit"
        return f"found a call of {names[0]!r} that was {how}, expected a whole one"
    if reply.message.invalid_tool_calls:
        return f"found a call of {names[-1]!r} whose arguments cannot be read, expected a JSON object"
    return None


def _calls_in(reply: Reply) -> list[str]:
    """Return the names of the tools that a reply calls, those last whose arguments cannot be read."""
    return [plain(str(call["name"])) for call in (*reply.message.tool_calls, *reply.message.invalid_tool_calls)]


def _instead(reply: Reply, reasons: str) -> str:
    """Say what there was in the place of a text."""
    if names := _calls_in(reply):
        return f" but a call of {one_line(names[0], limit=80)!r}, which only the aggregator may make"
    how = f" (finish reason {reasons})" if reasons else ""
    if thought := _thought(reply):
        return f"{how}{thought}"
    return f"{how}: it holds {', '.join(sorted(reply.others))}"[:_LONGEST_NAME] if reply.others else how


def _thought(reply: Reply) -> str:
    """Say how much of an answer went into thinking."""
    if tokens := thought_tokens(reply.usage):
        written = (reply.usage or cast("UsageMetadata", {}))["output_tokens"]
        return f": reasoning took {tokens:,} of {written:,} tokens"
    if not reply.reasoning:
        return ""
    only = "it only thought" if shows_nothing(text_in(reply.message)) else "it thought"
    return f": {only}, {len(reply.reasoning):,} characters"


def _has_no_room(reply: Reply, limit: int | None) -> bool:
    """Tell an answer whose limit of tokens was reached while it thought, or before it had written as much again.

    Servers say of some that they ended as they should: those took all that they might have, and show nothing.
    """
    text, tokens = text_in(reply.message), thought_tokens(reply.usage)
    written = reply.usage["output_tokens"] if reply.usage else 0
    was_cut = reply.ending.status == "truncated" and reply.ending.is_known
    if shows_nothing(text) and not reply.message.tool_calls:
        return was_cut or bool(limit and written >= limit)
    return was_cut and (2 * tokens >= written > 0 if tokens else len(reply.reasoning) >= len(text) > 0)


def _served(name: object, reply: Reply) -> str | None:
    """Return the model that answered, once: LangChain joins what chunks repeat."""
    if not isinstance(name, str) or not name:
        return None
    for times in range(_MOST_REPEATS, 1, -1) if reply.is_joined else ():
        if name == name[: len(name) // times] * times:
            name = name[: len(name) // times]
            break
    return one_line(plain(name), limit=_LONGEST_NAME)


def _shortened(text: str) -> str:
    if len(text) <= _MOST_REASONING:
        return text
    half = _MOST_REASONING // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"
