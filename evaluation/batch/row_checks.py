"""Tell what a batch wrote from what it cannot have written: rows and costs that are read again are anybody's."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ...core.run.records import Cost
from ...core.text import plain

_MOST = 10**15
"""What nobody's calls, tokens, dollars and seconds come to."""
_COUNT = "a whole number from 0"
_AMOUNT = "a number from 0"


class Fault(NamedTuple):
    """Name what cannot stand in a row, and what could."""

    place: str
    value: object
    expected: str


def fault_in(row: Mapping[str, Any]) -> Fault | None:
    """Return the first part of a row that no batch writes; None where there is none.

    Args:
        row: An object with a row's keys.
    """
    return next(_faults(row), None)


def checked_cost(value: object) -> Cost | None:
    """Return a cost that was written as JSON; None where it cannot be one."""
    if not isinstance(value, Mapping) or next(_in_cost(value, ""), None):
        return None
    return Cost(calls=value["calls"], tokens=value["tokens"], usd=value["usd"])


def is_amount(value: object) -> bool:
    """Tell a number that can be a sum of money or time: no truth value, and neither negative nor endless."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST


def _faults(row: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(row["id"], str) or plain(row["id"]) != row["id"]:
        yield Fault("id", row["id"], "text")
    for name in ("answer", "error", "gold"):
        if not isinstance(row[name], str | None):
            yield Fault(name, row[name], "text or null")
    if row["error"] is None:
        if row["answer"] is None:
            yield Fault("answer", None, "text where there is no error")
        yield from _in_run(row["run"], "run")
    else:
        for name in ("answer", "run"):
            if row[name] is not None:
                yield Fault(name, row[name], "null beside an error")
    if not is_amount(row["seconds"]):
        yield Fault("seconds", row["seconds"], _AMOUNT)
    yield from _in_costs(row)
    yield from _in_turns(row.get("turns", []))
    yield from _in_proposals(row.get("proposals", []))


def _in_costs(row: Mapping[str, Any]) -> Iterator[Fault]:
    if "cost" in row:
        yield from (
            _in_cost(row["cost"], "cost.") if isinstance(row["cost"], dict) else [_no_object("cost", row["cost"])]
        )
    if "spared" in row:
        yield from _in_spared(row["spared"])


def _in_spared(spared: object) -> Iterator[Fault]:
    if not isinstance(spared, dict):
        yield _no_object("spared", spared)
        return
    yield from _in_cost(spared, "spared.")
    if not is_amount(spared.get("seconds")):
        yield Fault("spared.seconds", spared.get("seconds"), _AMOUNT)


def _in_turns(turns: object) -> Iterator[Fault]:
    if not isinstance(turns, list):
        yield Fault("turns", turns, "a list")
        return
    for number, turn in enumerate(turns, 1):
        place = f"turn {number}"
        if not isinstance(turn, dict) or not isinstance(turn.get("answer"), str):
            yield Fault(place, turn, "an object with an answer")
        else:
            yield from _in_run(turn.get("run"), f"{place}'s run")


def _in_proposals(proposals: object) -> Iterator[Fault]:
    if not isinstance(proposals, list):
        yield Fault("proposals", proposals, "a list")
        return
    for number, proposal in enumerate(proposals, 1):
        place = f"proposal {number}"
        if not isinstance(proposal, dict):
            yield _no_object(place, proposal)
            return
        for name, is_one, expected in _OF_A_PROPOSAL:
            if not is_one(proposal.get(name)):
                yield Fault(f"{place}'s {name}", proposal.get(name), expected)


def _in_run(run: object, place: str) -> Iterator[Fault]:
    """Look at what of a report anybody reads again."""
    if not isinstance(run, dict):
        yield _no_object(place, run)
        return
    if not isinstance(run.get("mixture"), str):
        yield Fault(f"{place}.mixture", run.get("mixture"), "text")
    usage = run.get("usage")
    if not isinstance(usage, dict):
        yield _no_object(f"{place}.usage", usage)
        return
    for name, value in (("calls", run.get("calls")), ("usage.total_tokens", usage.get("total_tokens"))):
        if not _is_count(value):
            yield Fault(f"{place}.{name}", value, _COUNT)
    if run.get("usd") is not None and not is_amount(run["usd"]):
        yield Fault(f"{place}.usd", run["usd"], f"{_AMOUNT}, or null")
    calls = run.get("aggregators", [])
    if not isinstance(calls, list) or not all(map(_has_times, calls)):
        yield Fault(f"{place}.aggregators", calls, "a list of calls with their times")


def _in_cost(cost: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for name, is_one, expected in (
        ("calls", _is_count, _COUNT),
        ("tokens", _is_count, _COUNT),
        ("usd", is_amount, _AMOUNT),
    ):
        if name not in cost or not (cost[name] is None or is_one(cost[name])):
            yield Fault(f"{place}{name}", cost.get(name), f"{expected}, or null")


def _is_count(value: object) -> bool:
    return is_amount(value) and isinstance(value, int)


def _has_times(call: object) -> bool:
    return isinstance(call, dict) and is_amount(call.get("started")) and is_amount(call.get("seconds"))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _no_object(place: str, value: object) -> Fault:
    return Fault(place, value, "an object")


_OF_A_PROPOSAL: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    ("layer", _is_count, _COUNT),
    ("sample", _is_count, _COUNT),
    ("proposer", _is_text, "text"),
    ("status", _is_text, "text"),
    ("text", lambda value: isinstance(value, str | None), "text or null"),
    ("served_model", lambda value: isinstance(value, str | None), "text or null"),
    ("tokens", lambda value: value is None or _is_count(value), f"{_COUNT}, or null"),
    ("usd", lambda value: value is None or is_amount(value), f"{_AMOUNT}, or null"),
)
"""What of a proposal is read again."""
