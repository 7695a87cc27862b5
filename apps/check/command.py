"""The command `check`: one short question to each model of the settings, side by side."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from hashlib import sha256
from typing import Annotated, Any

import typer

from ...core.bounds.budget import Budget
from ...core.errors import ConfigError
from ...core.local.weights import PREFIX
from ...core.models.capabilities import chat_model_of, wire_of
from ...core.models.labels import model_label, short_name
from ...core.models.parts import secrets_of
from ...core.models.prices import price_of
from ...core.panel.seats import Seat
from ...core.run.costs import NOTHING, total
from ...core.run.records import Call, Cost
from ...core.text import one_line
from ...core.wire.connections import bare_url
from ...graphs.plan import Plan, plan_of
from ..ask.lines import cost_line
from ..mistakes import Misuse
from ..remembered import Known, cache_file, known_servers, moment, remember_servers
from ..screens import columns_needed, screen_width, show_table, show_text
from ..settings.flags import with_mixture
from ..settings.settings import Settings
from ..settings.sources import Sources
from ..terminal import note
from .probes import PROBES, Checked, check_seat, costs_at_most

_MOST_TOKENS = 512
"""Of each answer, where --max-tokens says nothing: enough for a model that thinks before it says one word."""
_PATIENCE = 60.0
"""Seconds of each call, where --timeout says nothing."""
_UNSEEN = ("temperature", "reasoning_effort")
_AT_ONCE = 16
"""Models that are asked at the same time."""
_TIMEOUT = f"Seconds that one call may take; {_PATIENCE:g} where not given."
_LIMIT = f"Limit of tokens of each answer; {_MOST_TOKENS} where not given."


@partial(with_mixture, apart=True, helps={"timeout": _TIMEOUT, "max_tokens": _LIMIT})
def check(
    sources: Sources,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Ask for an answer only, one call a model.")] = False,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it may cost at most, and ask nobody.")
    ] = False,
    remembered: Annotated[
        bool, typer.Option("--remembered", help="Show what is known of servers from before, and ask nobody.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Ask each model of the mixture one short question: who answers, how fast, and what its server takes."""
    if remembered:
        if quick or only_estimate:
            raise Misuse("found --remembered with --quick or --estimate, expected it alone: it asks nobody")
        _show_known(as_json=as_json)
        return
    settings, _ = sources.whole.choose()
    checks = list(_checks(_bounded(settings)))
    bound = total([costs_at_most(one.seat, quick=quick) for one in checks])
    if only_estimate:
        _print_bound(bound, as_json=as_json)
        return
    budget = Budget(**settings.budget.model_dump()) if settings.budget else None
    if budget and (misfit := budget.misfit(NOTHING, bound, 0.0)):
        raise ConfigError(f"found too small a budget for checking, {misfit}; raise it, or ask each model once: --quick")
    note(f"{len(checks)} {'model' if len(checks) == 1 else 'models'}, at most {cost_line(bound)}")
    asyncio.run(_run(checks, quick=quick, seconds=budget.seconds if budget else None))
    problem = None if quick else remember_servers(_known(checks))
    if as_json:
        written = {"answers": all(one.answers for one in checks), "models": [_as_json(one) for one in checks]}
        sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(checks, quick=quick)
    if problem:
        note(f"not remembered for later commands: {problem}")
    if not all(one.answers for one in checks):
        raise typer.Exit(1)


def _bounded(settings: Settings) -> Plan:
    """Build the mixture with answers that cannot be long, and no bound of its own."""
    given: dict[str, Any] = {"budget": None, "review": False}
    if settings.max_tokens is None:
        given["max_tokens"] = _MOST_TOKENS
    if "timeout" not in settings.model_fields_set:
        given["timeout"] = _PATIENCE
    return plan_of(settings.model_copy(update=given).build())


def _checks(plan: Plan) -> Iterator[Checked]:
    """Yield each model once, wherever it sits; with another key, headers or body it is another."""
    seats = list(_seats_in(plan))
    if not seats:
        raise ConfigError("found no model to check, expected at least one; name one with --proposer")
    by_model: dict[str, Checked] = {}
    for seat in seats:
        checked = by_model.setdefault(_identity(seat), Checked(seat, []))
        name = seat.role if seat.name == short_name(seat.label) else f"{seat.role} {seat.name}"
        if name not in checked.names:
            checked.names.append(name)
    yield from by_model.values()


def _seats_in(part: object, depth: int = 8) -> Iterator[Seat]:
    """Yield whom a plan asks, in whatever part of it they sit."""
    if isinstance(part, Seat):
        yield part
    if isinstance(part, list | tuple):
        inner: list[object] = list(part)
    elif is_dataclass(part) and not isinstance(part, type):
        inner = [getattr(part, each.name) for each in fields(part)]
    else:
        return
    if depth:
        for each in inner:
            yield from _seats_in(each, depth - 1)


def _identity(seat: Seat) -> str:
    """Return what is the same of seats whose requests differ in nothing; hashed, for keys and headers are secrets."""
    inside, wire = getattr(chat_model_of(seat.model), "__dict__", {}), wire_of(seat.model)
    headers = [*wire.address.headers] if wire else []
    headers += [each for value in inside.values() for each in getattr(value, "sends_along", ())]
    is_placed = seat.endpoint or seat.label.startswith("offline:")
    parts = [seat.label, *((seat.endpoint, seat.server) if is_placed else ())]
    parts += [inside.get("extra_body"), sorted(headers), sorted(secrets_of(seat.model))]
    return sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


async def _run(checks: list[Checked], *, quick: bool, seconds: float | None) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(checked: Checked) -> None:
        async with slots:
            await check_seat(checked, quick=quick)

    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*map(one, checks))
    except TimeoutError:
        note(f"Budget(seconds={seconds:g}) is spent: what was not asked by then is unknown")


def _known(checks: list[Checked]) -> Iterator[Known]:
    """Yield what is worth keeping: what a server was seen to do, and of models that have one."""
    for one in checks:
        takes: Any = {name: t.verdict for name, t in one.takes.items() if t.verdict in ("yes", "no", "ignored")}
        is_lasting = not one.seat.label.startswith(PREFIX)  # a file's server has another address each time
        if one.seat.endpoint and one.call and one.answers and is_lasting:
            yield Known(
                server=one.seat.endpoint,
                model=model_label(one.seat.model),
                served=one.call["served_model"],
                checked=moment(),
                takes=takes,
            )


def _show(checks: list[Checked], *, quick: bool) -> None:
    headings = ["model", "asked as", "answers", "seconds", "tokens", "cost", "served", *([] if quick else PROBES)]
    names, rows = [name.replace("_", " ") for name in headings], [_row(one, quick=quick) for one in checks]
    turned = list(zip(names, *rows, strict=True))
    width = screen_width()
    if width is not None and columns_needed(turned[0], turned[1:]) <= width:
        show_table(turned[0], turned[1:], numbers=False, least=0)  # models side by side
    else:
        show_table(names, rows, numbers=False)
    for one in checks:
        for name, taking in one.takes.items():
            if taking.verdict in ("no", "ignored", "unknown"):
                show_text(f"{one.seat.label}: {name.replace('_', ' ')} {taking.verdict}: {taking.why}")
    if any(one.takes[name].verdict == "yes" for one in checks for name in _UNSEEN if name in one.takes):
        show_text("yes of temperature and reasoning effort: not refused; whether it changes anything is not seen")


def _row(one: Checked, *, quick: bool) -> list[str]:
    call = one.call
    if call is None:
        spent = "unknown" if one.calls else "-"
        return [
            one.seat.label,
            ", ".join(one.names),
            "unknown",
            "-",
            spent,
            spent,
            *["-"] * (1 if quick else 1 + len(PROBES)),
        ]
    status = "" if call["status"] == "ok" else call["status"].replace("_", " ")
    why = one_line(f"{status}: {call['error']}" if call["error"] else status)
    answers = ("yes" if one.answers else "no") + (f", {why}" if why else "")
    usd = _spent(one)
    return [
        one.seat.label,
        ", ".join(one.names),
        answers,
        _seconds(call),
        f"{one.usage['total_tokens']:,}" if one.usage else "unknown",
        "unknown" if usd is None else f"${usd:.4f}",
        call["served_model"] or "-",
        *([] if quick else [one.takes[name].verdict if name in one.takes else "unknown" for name in PROBES]),
    ]


def _seconds(call: Call) -> str:
    return f"{call['seconds']:.2f}"


def _spent(one: Checked) -> float | None:
    """Return what all calls to a model cost; None where one was not counted, or the price is not known."""
    seat = one.seat
    if one.usage is None:
        return one.call["usd"] if one.call and one.calls == one.call["calls"] else None
    names = (seat.label, seat.label.partition(":")[2])
    where: Any = {"models": names, "provider": seat.provider, "endpoint": seat.endpoint}
    return price_of(one.usage, own=seat.prices, tier=one.call.get("tier") if one.call else None, **where)


def _as_json(one: Checked) -> dict[str, Any]:
    call = one.call
    return {
        "model": one.seat.label,
        "server": bare_url(one.seat.endpoint) if one.seat.endpoint else None,
        "asked_as": one.names,
        "answers": one.answers,
        "status": call["status"] if call else None,
        "error": call["error"] if call else None,
        "seconds": call["seconds"] if call else None,
        "served_model": call["served_model"] if call else None,
        "left_out": call["left_out"] if call else [],
        "calls": one.calls,
        "usage": one.usage,
        "usd": _spent(one),
        "takes": {name: {"verdict": taking.verdict, "why": taking.why} for name, taking in one.takes.items()},
    }


def _print_bound(bound: Cost, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(bound, indent=2) + "\n")
    else:
        show_text(f"at most {cost_line(bound)}")


def _show_known(*, as_json: bool) -> None:
    entries, file = known_servers(), cache_file()
    if as_json:
        sys.stdout.write(json.dumps({"file": str(file), "servers": entries}, ensure_ascii=False, indent=2) + "\n")
        return
    if not entries:
        show_text("nothing is known of servers from before: langgraph-moa check finds it out")
        return
    rows = [
        [e["server"], e["model"], e["checked"][:10], e["served"] or "-", *(e["takes"].get(p, "-") for p in PROBES)]
        for e in entries
    ]
    headings = ["server", "model", "checked", "served", *(name.replace("_", " ") for name in PROBES)]
    show_table(headings, rows, numbers=False)
    show_text(f"\nkept in {file}; delete it to forget all")
