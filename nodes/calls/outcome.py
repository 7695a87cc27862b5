"""How a call ended, in words that a report can hold."""

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.messages import AIMessage

from ...core.clock import unix_time
from ...core.errors import AllProposersFailed
from ...core.media.blocks import MediaKind
from ...core.models.capabilities import is_chat_model
from ...core.models.credentials import NO_KEY, SERVER_KEY
from ...core.models.labels import model_label
from ...core.models.objections import media_refused
from ...core.models.obstacles import fault_of, obstacle_of
from ...core.models.parts import secrets_of
from ...core.models.presets import PRESETS_FILE, is_preset_model
from ...core.models.prices import FREE_OF_CHARGE
from ...core.models.servers import names_served, told_names
from ...core.models.service_tiers import FLEX, lacks_room
from ...core.panel.habits import HABITS
from ...core.panel.seats import Seat
from ...core.panel.windows import learn_window
from ...core.run.records import Call, Cut, Obstacle, Proposal, Status, Why
from ...core.text import one_line, plain, redact, text_in
from ...core.wire.connections import bare_url, connection_problem
from ...core.wire.refusals import ServerError, status_in
from ...core.wire.waiting import LONGEST_ASKED, asks_to_wait, retry_after
from ...core.wire.wording import body_of, words_in


def unmade(
    seat: Seat,
    status: Status,
    error: str | None,
    *,
    cut: Cut | None = None,
    waited: float = 0.0,
    why: Why | None = None,
) -> Call:
    """Describe a call that was never made, and cost nothing but the time in line."""
    free = {**FREE_OF_CHARGE, "started": unix_time(), "waited": waited, "seconds": 0.0}
    obstacle = Obstacle(why=why, window=None, tokens=None) if why else None
    return call_of(seat.label, status=status, cut=cut, error=error, obstacle=obstacle, **free)


_NO_ROOM = "ask later, in a batch, or with tier='flex-or-default', at the list price then"
_LINE = 600
"""Characters of a line about a call."""


def where_asked(seat: Seat) -> str | None:
    """Return the address that a seat's requests go to, fit for a report."""
    return bare_url(seat.endpoint) if seat.endpoint else None


def asked_line(seat: Seat) -> str:
    """Say in a line whom a call asks, and where."""
    where = f" at {url.rstrip('/')}" if (url := where_asked(seat)) else ""
    limit = "" if seat.timeout is None else f", for {seat.timeout:g} s at most"
    return one_line(f"{seat.role} {seat.title}: asking {seat.label}{where}{limit}", limit=_LINE)


def ended_line(seat: Seat, call: Call) -> str:
    """Say in a line what came of a call, after how long, and what it took."""
    served = call["served_model"]
    parts = [
        f"{call['status']} after {call['seconds']:.3f} s",
        f"having waited {call['waited']:.3f} s" if call["waited"] else "",
        f"{call['retries']} {'retry' if call['retries'] == 1 else 'retries'}" if call["retries"] else "",
        f"without {', '.join(call['left_out'])}" if call["left_out"] else "",
        f"at {tier}" if (tier := call.get("tier")) else "",
        "from the cache" if call["cached"] else "",
        f"{call['usage']['total_tokens']:,} tokens" if call["usage"] else "",
        f"served by {served}" if served and not f":{seat.label}".endswith(f":{served}") else "",
    ]
    error = f"; {call['error']}" if call["error"] else ""
    return one_line(f"{seat.role} {seat.title}: {', '.join(filter(None, parts))}{error}", limit=_LINE)


def as_proposal(call: Call, seat: Seat, *, turn: str, layer: int, message: AIMessage | None = None) -> Proposal:
    """Return what came of asking a proposer, or whoever is reported as one."""
    return Proposal(
        **call,
        turn=turn,
        layer=layer,
        name=seat.name,
        proposer=seat.title,
        position=seat.position,
        sample=seat.sample,
        text=text_in(message) if message and call["status"] not in ("invalid", "degenerate") else "",
        reviewed=None,
    )


def call_of(model: str, *, status: Status, **fields: Any) -> Call:
    """Describe a call; what most calls do not have to say is filled in."""
    nothing: dict[str, Any] = {
        "served_model": None,
        "endpoint": None,
        "transport": None,
        "cut": None,
        "finish_reason": None,
        "reasoning": None,
        "usage": None,
        "at_most": None,
        "calls": 1,
        "retries": None,
        "cached": False,
        "left_out": [],
        "windows": 1,
        "references_cut": 0,
        "carried": False,
        "unread": False,
        "waited": 0.0,
        "tried_s": 0.0,
        "usd": None,
        "obstacle": None,
        "error": None,
    }
    return cast("Call", {"status": status, "model": model, **nothing, **fields})


def failed_call(
    seat: Seat,
    exc: BaseException,
    facts: dict[str, Any],
    *,
    loading: bool,
    media: frozenset[MediaKind] = frozenset(),
) -> Call:
    """Return what came of a call that raised.

    Args:
        seat: Who was asked.
        exc: What asking raised.
        facts: What else is known of the call.
        loading: Whether its server was still loading the model.
        media: What was sent beside text.
    """
    root = _root(exc)
    code = _status_of(exc)
    # What is inside a chain or a graph has servers of its own, and prompts that nobody here could shorten.
    obstacle = obstacle_of(exc) if seat.one_call else None
    if loading:
        obstacle = Obstacle(why="loading", window=None, tokens=None)
    elif seat.one_call and (unread := media_refused(exc, media)):
        HABITS.learn(seat, unread)
        obstacle = Obstacle(why="media", window=None, tokens=None)
    if obstacle:
        learn_window(seat, obstacle["window"])
    unreachable = obstacle is not None and obstacle["why"] == "unreachable"
    status: Status = fault_of(exc) or "error"
    if status != "error":
        obstacle = None
    elif unreachable:
        status = "error"
    elif isinstance(exc, TimeoutError) or isinstance(root, TimeoutError) or "Timeout" in type(root).__name__:
        status = "timeout"
    error = _explain(seat, exc, root, code, status, facts["seconds"]) + _without_room(seat, exc, facts["seconds"])
    if obstacle:
        error = _in_words(seat, exc, obstacle, error)
    if isinstance(exc, AllProposersFailed):
        facts = {**facts, "calls": exc.usable + sum(call["calls"] for call in exc.failures)}
    refused = getattr(exc, "status_code", None)
    was_refused = isinstance(refused, int) and refused >= 400 and not getattr(exc, "has_begun", False)
    is_free = was_refused or not getattr(exc, "was_billed", True)  # as what a batch left unanswered
    if is_free and is_chat_model(seat.model):
        facts = {**facts, "at_most": None, "usd": 0.0}  # a request that the server refused costs nothing
    # Whether one that broke off was billed, or what a chain or graph had paid for before, nobody told.
    return call_of(seat.label, status=status, error=error, obstacle=obstacle, **facts)


def _without_room(seat: Seat, exc: BaseException, seconds: float) -> str:
    """Say what to do where a server had no room at flex."""
    if seat.tier != FLEX or not lacks_room(exc):
        return ""
    return f"; it had no room at flex for {seconds:.0f} s, and charges nothing for that; {_NO_ROOM}"


def _in_words(seat: Seat, exc: BaseException, obstacle: Obstacle, error: str) -> str:
    """Say what kept a server from answering, so that a person knows what to do about it."""
    why, window = obstacle["why"], obstacle["window"]
    if why == "unreachable":
        return connection_problem(exc, seat.endpoint) or error
    if why == "loading":
        return f"{error}; its server had to load the model first"
    if why == "too_long" and window:
        size = f"{obstacle['tokens']:,} tokens" if obstacle["tokens"] else "more"
        answer = f", and the answer may take {seat.max_tokens:,}" if seat.max_tokens else ""
        return f"found a prompt of {size}{answer}, expected at most {window:,}, the window (n_ctx) of {seat.label}"
    if why == "media":
        return f"{error}; ask another model, or give this one the text alone (unreadable='text')"
    if why == "key" and NO_KEY in secrets_of(seat.model):
        return f"{error}; no key was sent, for {SERVER_KEY} is not set"
    return error


async def with_names(seat: Seat, call: Call) -> Call:
    """Say which models a server has, where it has not the one that was asked for."""
    obstacle = call["obstacle"]
    if not obstacle or obstacle["why"] != "unknown_model" or not (names := await names_served(seat.model)):
        return call
    return {**call, "error": f"{call['error']}; it serves: {told_names(names, model_label(seat.model))}"}


def _root(exc: BaseException) -> BaseException:
    seen = {id(exc)}
    while (cause := exc.__cause__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        exc = cause
    return exc


def said(exc: BaseException) -> str:
    """Return an exception's words, and its server's where it holds them, fit for a report."""
    try:
        words = plain(str(exc))
    except Exception:  # noqa: BLE001 - an exception that cannot be printed is still only one proposal's
        words = ""
    if isinstance(exc, ServerError):
        return words.removesuffix(f"; {exc.waits}")
    their_words, code = words_in(body_of(exc)), _status_of(exc)
    if their_words and (words.startswith("Error code: ") or not isinstance(next(iter(exc.args), ""), str)):
        return f"Error code: {code} - {their_words}" if code else their_words
    return (
        words if their_words in one_line(words, limit=len(words) + 1) else f"{words}: {their_words}".removeprefix(": ")
    )


def _status_of(exc: BaseException) -> int | None:
    """Return the HTTP status that a server answered with, or names in an error that came with success."""
    status = getattr(exc, "status_code", None)
    return status if isinstance(status, int) else status_in(body_of(exc))


def _asked_to_wait(exc: BaseException, seat: Seat) -> str | None:
    """Say how long the server asks to wait, where it does, and nobody waited."""
    if isinstance(exc, ServerError):
        return exc.waits
    headers = getattr(getattr(exc, "response", None), "headers", None)
    seconds = retry_after(headers) if isinstance(headers, Mapping) else None
    return asks_to_wait(seconds, min(LONGEST_ASKED, seat.timeout or LONGEST_ASKED)) if seconds else None


def _sent_keys(exc: BaseException) -> set[str]:
    """Return the keys in the request that failed: they may belong to a model out of sight, in a closure or a graph."""
    headers = getattr(getattr(exc, "request", None), "headers", {})
    sent = (headers.get(name, "") for name in ("authorization", "x-api-key", "api-key"))
    return {value.removeprefix("Bearer ") for value in sent}


def _explain(
    seat: Seat, exc: BaseException, root: BaseException, code: int | None, status: Status, seconds: float
) -> str:
    if status == "timeout":
        return f"no answer within {seconds:.1f} s" + (f" (limit {seat.timeout:g} s)" if seat.timeout else "")
    words, cause = said(exc), said(root)
    parts = [part for part in (words, f"({cause})" if cause and cause not in words else "") if part]
    kind = "" if code and words else type(exc).__name__
    secrets = secrets_of(seat.model) | _sent_keys(exc)
    text = one_line(redact(": ".join(filter(None, [kind, " ".join(parts)])), secrets))
    text = "; ".join(filter(None, [text, _asked_to_wait(exc, seat)]))
    if code == 404 and is_preset_model(seat.label):
        text += f"; if {seat.label} was retired, put another model into {PRESETS_FILE}"
    return text
