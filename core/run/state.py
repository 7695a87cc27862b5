"""What a run carries from node to node."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Annotated, Any, cast

from langchain_core.messages import AnyMessage, convert_to_messages
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from pydantic import GetCoreSchemaHandler, GetPydanticSchema, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core.core_schema import CoreSchema, no_info_wrap_validator_function
from typing_extensions import TypedDict

from ..errors import InputError
from ..text import plain_message
from .cited import Citation, Evidence
from .disagreement import Disagreement
from .records import Proposal, Report, Verdict

_SLOT = ("layer", "position", "sample")
"""What tells a turn's proposals apart, in the order that they are kept in."""


def _merge(left: list[Any], right: list[Any], steps: Sequence[str], slot: Sequence[str] = ()) -> list[Any]:
    """Keep one item a slot, in order, and none of another turn or a later step than the newest's.

    LangGraph hands over one node's write after the other: only what it brings is looked for, in a list that has an
    order, or a layer of many proposers would be sorted once for each of them.
    """
    if not right:
        return left
    step_of, place = itemgetter(*steps), itemgetter(*steps, *slot)
    is_same_turn = left and left[0]["turn"] == right[-1]["turn"]
    merged = left[: bisect_right(left, step_of(right[-1]), key=step_of)] if is_same_turn else []
    for item in right:
        merged[_found_at(merged, item, place)] = [item]
    return merged


def _found_at(items: Sequence[Any], item: Any, place: Callable[[Any], Any]) -> slice:
    """Return where an item of the same place is among others in order, or an empty slice where it would be."""
    at = bisect_left(items, place(item), key=place)
    return slice(at, at + (at < len(items) and place(items[at]) == place(item)))


def merge_proposals(left: list[Proposal], right: list[Proposal]) -> list[Proposal]:
    """Keep one proposal a slot, in the order of declaration; a new one ends earlier turns and later layers."""
    _refuse_parts(right, _SLOT)
    return _merge(left, [_checked(p, left) for p in right], _SLOT[:1], _SLOT[1:])


def _refuse_parts(items: Sequence[Any], keys: Sequence[str]) -> None:
    """Refuse what somebody put into the state by hand and has no place in it."""
    for item in items:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), int) for key in keys) or "turn" not in item:
            raise InputError(f"found {item!r:.80} in an update of the state, expected a whole item of it, changed")


def _checked(proposal: Proposal, before: list[Proposal]) -> Proposal:
    """Refuse half a proposal, and mark one whose text is not its call's any more: somebody edited the state."""
    old = next(iter(before[_found_at(before, proposal, itemgetter(*_SLOT))]), None)
    if old is None or old["turn"] != proposal["turn"]:
        return proposal
    if missing := old.keys() - proposal.keys():
        raise InputError(f"found a proposal without {min(missing)}, expected all of it, with what you change")
    if not isinstance(proposal["text"], str):
        raise InputError(f"found {proposal['text']!r:.80} as a proposal's text, expected text")
    if old["started"] != proposal["started"] or old["text"] == proposal["text"]:
        return proposal
    edited: Proposal = {**proposal, "reviewed": proposal["reviewed"] or "edited"}
    edited = {**edited, "cut": None, "carried": False, "unread": False}
    return edited if edited["text"].strip() else {**edited, "status": "empty"}


def merge_verdicts(left: list[Verdict], right: list[Verdict]) -> list[Verdict]:
    """Keep one verdict a wave of a layer; a new one ends earlier turns and later waves and layers."""
    _refuse_parts(right, ["layer", "wave"])
    return _merge(left, right, ["layer", "wave"])


def _as_message(given: Any, validated: ValidatorFunctionWrapHandler) -> Any:
    """Read a message however it is written; much that LangChain raises then is no mistake of input to pydantic."""
    written = isinstance(given, str | tuple) or (isinstance(given, dict) and "role" in given)
    try:
        return validated(convert_to_messages([given])[0] if written else given)
    except ValidationError:
        raise
    except Exception as exc:
        raise ValueError(f"found {given!r:.80}, expected a message, or {{'role': 'user', 'content': ...}}") from exc


def _message_schema(_source: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
    return no_info_wrap_validator_function(_as_message, schema_of.generate_schema(AnyMessage))


Given = Annotated[AnyMessage | dict[str, Any], GetPydanticSchema(_message_schema)]
"""A message, or one written as a dict; its schema is a message's alone, which is what LangGraph's server looks for."""


def merge_messages(left: list[AnyMessage], right: Any) -> list[AnyMessage]:
    """Add messages to a conversation as LangGraph does, without halves of characters: no request can carry them."""
    before = {id(message) for message in left}
    merged = cast("list[AnyMessage]", add_messages(cast("Any", left), right))
    return [m if id(m) in before else cast("AnyMessage", plain_message(m)) for m in merged]


class MoAInput(TypedDict):
    """Take a conversation; the last message is what gets answered."""

    messages: Annotated[list[Given], merge_messages]


class MoAState(TypedDict):
    """Hold a run. `messages` is the only key shared with a parent graph, and only the final answer enters it."""

    messages: Annotated[list[AnyMessage], merge_messages]
    proposals: Annotated[list[Proposal], merge_proposals]
    verdicts: Annotated[list[Verdict], merge_verdicts]
    run: Report
    disagreement: Disagreement | None
    """What the last gate's proposals differ on; only where there is an analyst, and None where nobody could compare."""


class RagState(MoAState):
    """Hold a run that answers from evidence."""

    evidence: list[Evidence]
    """What was found for this turn."""
    citations: list[Citation]
    evidence_ids: dict[str, str]
    """The ids that passages were given in any turn, by their content."""


Mixture = CompiledStateGraph[MoAState, None, MoAInput, MoAState]
"""What `create_moa` and all systems return: LangGraph's compiled graph, over this state."""


Graph = CompiledStateGraph[Any, Any, Any, Any]
"""Any of them, whatever its state holds beside."""
