"""Read one turn out of the state."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import InputError
from .records import USABLE, Evidence, Place, Proposal, Report, Verdict, place_of
from .state import MoAState


def turn_of(state: MoAState) -> str:
    """Identify the turn by the message it answers, which `add_messages` gives an id of its own.

    Raises:
        InputError: There is no message to answer.
    """
    if not state.get("messages"):
        raise InputError(
            "found no messages, expected a conversation; start with {'messages': [('user', 'a question')]}"
        )
    return str(state["messages"][-1].id)


def left_behind(state: MoAState, layer: int) -> dict[Place, Proposal]:
    """Return what a run of the same turn that never finished has from a layer, by its place.

    That is so where too few answered and the same message is put to the thread once more.
    """
    return {place_of(p): p for p in proposals_of(state, layer)} if unfinished(state) else {}


def with_later(state: MoAState, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return proposals with those of later layers that a run of the same turn left behind.

    A new one would void them; but what was answered was paid for.
    """
    later = [p for p in proposals_of(state) if p["layer"] > proposals[-1]["layer"]]
    return [*proposals, *(later if unfinished(state) else [])]


def unfinished(state: MoAState) -> Report | None:
    """Return the report of a run of this turn that has no answer yet."""
    run = state.get("run")
    return run if run and run["turn"] == turn_of(state) and run["stopped"] == "running" else None


def check_mixture(state: MoAState, mixture: str) -> None:
    """Refuse to go on with a run that another mixture, or another version's state, began.

    Raises:
        InputError: It did; the thread is left as it is.
    """
    check_begun(state.get("run"), mixture)


def check_begun(run: Report | None, mixture: str) -> None:
    """Refuse to go on with a run whose report says that another mixture began it.

    Raises:
        InputError: It does.
    """
    begun = run.get("mixture") if run else None
    if begun != mixture:
        raise InputError(
            f"found a run of another mixture ({begun or 'unknown: an older version wrote it'}), expected {mixture}; "
            "resume it with the mixture that began it, or ask again on another thread; no answer was lost"
        )


def check_thread(config: Mapping[str, Any], *, needed: bool) -> None:
    """Refuse a run that will wait for a person where nothing keeps it, before anything is paid for.

    Raises:
        InputError: It has no thread, which a checkpointer would ask for.
    """
    if needed and not config.get("configurable", {}).get("thread_id"):
        raise InputError(
            "found review=True in a run without a thread, expected a checkpointer, of this graph or its parent, and "
            "{'configurable': {'thread_id': ...}}; nothing was asked"
        )


def proposals_of(state: MoAState, layer: int | None = None) -> list[Proposal]:
    """Return this turn's proposals as declared, of one layer or of all."""
    turn = turn_of(state)
    return [p for p in state.get("proposals", []) if p["turn"] == turn and layer in (None, p["layer"])]


def verdicts_of(state: MoAState, *, before: int, wave: int = 1) -> list[Verdict]:
    """Return this turn's verdicts of the layers before one, and of its waves before one."""
    turn = turn_of(state)
    return [v for v in state.get("verdicts", []) if v["turn"] == turn and (v["layer"], v["wave"]) < (before, wave)]


def evidence_for(state: MoAState, sees: Sequence[str] | None) -> list[Evidence]:
    """Return the passages of this turn that some retrievers found, or all of them did."""
    found = cast("list[Evidence]", state.get("evidence") or [])
    return [passage for passage in found if sees is None or not set(sees).isdisjoint(passage["found_by"])]


def references_for(state: MoAState, layer: int) -> list[Proposal]:
    """Return the usable proposals that the last gate before `layer` passed on; none for the first layer."""
    verdicts = verdicts_of(state, before=layer)
    if not verdicts:
        return []
    source = verdicts[-1]["source"]
    moderated = [v["moderation"] for v in verdicts if v["layer"] == source and v.get("moderation")]
    kept = moderated[-1]["kept"] if moderated and moderated[-1] else None
    return [p for p in usable_of(state, source) if kept is None or p["proposer"] in kept]


def usable_of(state: MoAState, layer: int) -> list[Proposal]:
    """Return this turn's usable proposals of a layer."""
    return [p for p in proposals_of(state, layer) if p["status"] in USABLE]
