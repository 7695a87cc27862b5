"""What a run carries from node to node."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from langchain_core.messages import AnyMessage, convert_to_messages
from langchain_core.messages.ai import UsageMetadata
from langgraph.graph.message import add_messages
from pydantic import GetCoreSchemaHandler, GetPydanticSchema, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core.core_schema import CoreSchema, no_info_wrap_validator_function
from typing_extensions import TypedDict

from ..errors import InputError
from ..evidence.citations import Citation
from ..evidence.passages import Evidence, Found

Status = Literal[
    "ok",
    "truncated",
    "empty",
    "refused",
    "invalid",
    "rate_limited",
    "timeout",
    "error",
    "cancelled",
    "skipped",
    "dropped",
]
"""How a call ended. `truncated` is usable but cut at its token limit; `invalid` has not the form that was asked for, or
repeats its prompt; `timeout` ran out of its own time or the run's; `cancelled` was no longer needed, by a quorum or an
agreement; `skipped` was never made, for want of budget or because its prompt does not fit the window; `dropped` was
taken out by a person who reviewed it."""

USABLE: frozenset[Status] = frozenset({"ok", "truncated"})
"""The only statuses whose text another model, or the user, is ever shown."""


Reviewed = Literal["edited", "dropped", "sent_back"]
REWRITING, RETRIEVAL = -1, 0
"""The layers before the first: rewriting the question, and retrievers, which propose evidence."""
Place = tuple[int, int]
"""A proposer's position in its layer and the number of its sample: what tells a layer's proposals apart."""


class Cost(TypedDict):
    """Count what calls cost, or cost at most; None is not known, and cannot be bounded."""

    calls: int | None
    tokens: int | None
    usd: float | None


Why = Literal["too_long", "loading", "unreachable", "address", "key", "unknown_model"]
"""Why a server did not answer: the prompt was `too_long`, it was still `loading`, nobody could reach it, its `address`
is that of something else, it wants another `key`, or does not know the model."""


class Obstacle(TypedDict):
    """Say why a server did not answer, and what it said of its window."""

    why: Why
    window: int | None
    """Tokens that the model's window holds."""
    tokens: int | None
    """Tokens of the prompt, as the server counted them."""


class Call(TypedDict):
    """Say what came of one model call; plain JSON, so that checkpoints and reports can hold it."""

    status: Status
    model: str
    """The model that was asked for."""
    served_model: str | None
    """The model that the server says answered."""
    endpoint: str | None
    """Where an OpenAI-compatible model was asked: what tells two servers apart that call their models the same."""
    finish_reason: str | None
    usage: UsageMetadata | None
    at_most: Cost | None
    """What a call that nobody counted, because it broke off or was cut, may have cost; None where `usage` is known."""
    calls: int
    """Model calls behind this one: 1, more where the proposer is itself a graph, 0 where none was made."""
    retries: int | None
    """Requests that the client sent again; None where the model was not built from a string."""
    cached: bool
    """Whether the answer came from the cache, and cost nothing."""
    windows: int
    """In how many parts its references were read, one call each; more than 1 where they did not fit."""
    references_cut: int
    """References and passages that had to be shortened, or left out, to fit the model's window."""
    usd: float | None
    """None where the price is not known; 0.0 means free."""
    started: float
    """Unix time in seconds."""
    waited: float
    """Seconds in line for a provider's limits, before it started."""
    seconds: float
    tried_s: float
    """Seconds that other attempts at it took; what those cost is in the sums, and in `at_most` where nobody counted."""
    obstacle: Obstacle | None
    """Why its server did not answer, where that is known."""
    error: str | None
    """One line for people. It never enters a prompt."""


class Proposal(Call):
    """Hold one proposer's answer, or why there is none."""

    turn: str
    """The id of the message being answered: what keeps one turn's proposals out of the next."""
    layer: int
    proposer: str
    position: int
    """The proposer's place in its layer, as declared."""
    sample: int
    text: str
    reviewed: Reviewed | None
    """What a person decided about it: `edited` (the text is theirs), `dropped`, or `sent_back` to be asked again."""


class Retrieved(Proposal):
    """Hold what one retriever found; its layer is 0, and its `text` says from where."""

    found: list[Found]


class Line(TypedDict):
    """Be one message of a prompt."""

    role: str
    id: str | None
    """Of a message of the conversation, which is in the state's `messages`."""
    text: str | None
    """What was added to the conversation; None for the conversation's own."""


class Aggregation(Call):
    """Hold one aggregator's call, and what it was told."""

    prompt: list[Line]


class Agreed(TypedDict):
    """Say who of a layer's proposers agree, by their names."""

    measure: str
    groups: list[list[str]]
    """The largest group first; who said nothing that can be compared is in none."""
    score: float
    """The largest group's share of all who were asked."""
    answer: str | None
    """What the largest group says, in one line, where the measure knows."""
    representative: str | None
    """Whose proposal stands for the largest group."""
    abstained: str | None
    """Why nothing can be said; None where something can."""
    models: int
    """How many different models the largest group is, by what was asked for and by what servers say answered."""
    reached: bool
    """Whether they are as many as the early stop asks for."""
    seconds: float
    """How long judging took."""
    call: Call | None
    """The model call that it took, where a judge was asked."""


class Moderation(TypedDict):
    """Say what a moderator made of a layer."""

    kept: list[str]
    """Whose proposals go on, by their names, in the order of declaration."""
    stop: bool
    """Whether it said that no more are needed."""
    skipped: str | None
    """Why it was not asked; None where it was."""
    call: Call | None


class Verdict(TypedDict):
    """Say what a gate concluded about its layer."""

    turn: str
    layer: int
    wave: int
    """Which part of the layer it follows, from 1; a layer that is asked at once has one."""
    asked: int
    usable: int
    source: int
    """The layer whose proposals the next step gets as references."""
    next: str
    """`layer_<n>`, `wave_<n>` (the rest of this layer), `aggregate` or `answer`."""
    agreement: Agreed | None
    """Who agrees; None where nobody looked."""
    moderation: Moderation | None
    """Who goes on; None where no moderator looked, and all do."""
    saved: int
    """Calls that agreement, or a moderator, made needless: never made, or cut."""
    reason: str
    budget: str | None
    """Which limit kept the next layer from being asked, with both numbers; None where none did."""


class Report(TypedDict):
    """Tell the caller the truth about a run; it is the state's `run`."""

    turn: str
    mixture: str
    """Who sits where, and the state's format: what a thread is checked against before it is resumed."""
    stopped: str
    """`running`, `completed`, `agreed` (steps were left out, for proposals agreed), `moderated` (for a moderator said
    so), `budget` (a step did not fit, or its time was over) or `fell_back` (a later layer or every aggregator failed,
    and the layer before was used)."""
    layers: int
    """Layers run so far, the aggregator's included."""
    calls: int
    saved: int
    """Calls that agreement made needless."""
    usage: UsageMetadata
    usd: float | None
    seconds: float
    degraded: str | None
    """None for a full answer, else what is missing from it."""
    truncated: bool
    """Whether the answer was cut at its author's token limit."""
    notes: list[str]
    """What is worth knowing and no loss: another model served, references were shortened, the cache answered."""
    aggregators: list[Aggregation]
    """The aggregators that were tried, in order; the last one wrote the answer, unless `degraded` says otherwise."""


def _merge(left: list[Any], right: list[Any], steps: Sequence[str], slot: Sequence[str] = ()) -> list[Any]:
    """Keep one item a slot, and none of another turn or a later step than the newest's."""
    if not right:
        return left
    turn, now = right[-1]["turn"], tuple(right[-1][step] for step in steps)
    kept = [item for item in left if item["turn"] == turn and tuple(item[step] for step in steps) <= now]
    merged = {tuple(item[key] for key in (*steps, *slot)): item for item in [*kept, *right]}
    return [merged[key] for key in sorted(merged)]


def merge_proposals(left: list[Proposal], right: list[Proposal]) -> list[Proposal]:
    """Keep one proposal a slot, in the order of declaration; a new one ends earlier turns and later layers."""
    _refuse_parts(right, ["layer", "position", "sample"])
    before = {(p["turn"], p["layer"], *place_of(p)): p for p in left}
    return _merge(left, [_checked(p, before) for p in right], ["layer"], ["position", "sample"])


def _refuse_parts(items: Sequence[Any], keys: Sequence[str]) -> None:
    """Refuse what somebody put into the state by hand and has no place in it."""
    for item in items:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), int) for key in keys) or "turn" not in item:
            raise InputError(f"found {item!r:.80} in an update of the state, expected a whole item of it, changed")


def _checked(proposal: Proposal, before: Mapping[tuple[Any, ...], Proposal]) -> Proposal:
    """Refuse half a proposal, and mark one whose text is not its call's any more: somebody edited the state."""
    old = before.get((proposal["turn"], proposal["layer"], *place_of(proposal)))
    if not old:
        return proposal
    if missing := old.keys() - proposal.keys():
        raise InputError(f"found a proposal without {min(missing)}, expected all of it, with what you change")
    if not isinstance(proposal["text"], str):
        raise InputError(f"found {proposal['text']!r:.80} as a proposal's text, expected text")
    if old["started"] != proposal["started"] or old["text"] == proposal["text"]:
        return proposal
    edited: Proposal = {**proposal, "reviewed": proposal["reviewed"] or "edited"}
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


class MoAInput(TypedDict):
    """Take a conversation; the last message is what gets answered."""

    messages: Annotated[list[Given], add_messages]


class MoAState(TypedDict):
    """Hold a run. `messages` is the only key shared with a parent graph, and only the final answer enters it."""

    messages: Annotated[list[AnyMessage], add_messages]
    proposals: Annotated[list[Proposal], merge_proposals]
    verdicts: Annotated[list[Verdict], merge_verdicts]
    run: Report


class RagState(MoAState):
    """Hold a run that answers from evidence."""

    evidence: list[Evidence]
    """What was found for this turn."""
    citations: list[Citation]
    evidence_ids: dict[str, str]
    """The ids that passages were given in any turn, by their content."""


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


def place_of(proposal: Proposal) -> Place:
    """Return which proposal of its layer this is."""
    return proposal["position"], proposal["sample"]


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
