"""When a panel is asked in a user's turn, and what it proposed in an earlier call of it, as a conversation tells.

An agent asks its model at every tool step, with the whole conversation, maybe in another process than before. So what
was proposed goes along on the message that was made of it, and is used while all before that message is the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NotRequired

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..errors import ConfigError
from .cited import Evidence
from .conversation import digest_of, last_of_person

MOST_CARRIED = 400_000
"""Characters of proposals and passages that go along on a message: a thread keeps them as long as the message."""
_EVERY = re.compile(r"every:([1-9][0-9]{0,8})")

WhyAsked = Literal["first", "due", "changed", "lost"]
"""Why a panel was asked: it was the turn's `first` call, it was `due` once more, what it had answered has `changed` (an
edited or summarised conversation, another system prompt), or its proposals are `lost` (too long, or their message is
gone)."""


class PanelUse(TypedDict):
    """Say whether one call of a chat model asked the panel, or showed again what it had proposed."""

    shown_again: bool
    call: int
    """Which call of this mixture in the user's turn this is."""
    proposed_in: int
    """In which of them the proposals were made; the same one where the panel was asked."""
    why: WhyAsked | None
    """Why it was asked; None where it was not."""
    turn: str
    """The digest of the conversation that the panel answered."""
    of: str
    """What tells this panel, and the tools that it was told of, from others."""
    shown: NotRequired[list[str]]
    """The references as the aggregator was shown them, where the next call is to show them again."""
    analysis: NotRequired[str]
    """What it was shown of comparing them."""


class CarriedPanel(PanelUse):
    """Hold what goes along on a message, so that the next call can show it again."""

    proposers: list[str]
    texts: list[str]
    """What the aggregator was shown, in order."""
    evidence: list[dict[str, Any]]
    """The passages."""


@dataclass(frozen=True)
class EarlierPanel:
    """Hold what a panel proposed in an earlier call of this turn."""

    at: int
    """How many messages of the conversation it had answered."""
    texts: Sequence[str]
    evidence: Sequence[Mapping[str, Any]]
    analysis: str = ""


def every_of(panel: object) -> int | None:
    """Read how often a panel is asked: after how many calls of a turn again; None is once a turn.

    Raises:
        ConfigError: It is none of the three ways.
    """
    if panel in ("turn", "call"):
        return None if panel == "turn" else 1
    if isinstance(panel, str) and (match := _EVERY.fullmatch(panel)):
        return int(match[1])
    raise ConfigError(f"found panel={panel!r:.80}, expected 'turn', 'call', or 'every:N' with a whole N from 1")


def panel_use(messages: Sequence[BaseMessage], *, every: int | None, of: str) -> tuple[PanelUse, EarlierPanel | None]:
    """Say whether the panel is to be asked, and if not, what it proposed.

    Args:
        messages: The whole conversation.
        every: After how many calls of a turn it is asked again; None never does.
        of: What tells this panel from others.
    """
    begin = last_of_person(messages)
    calls = [(n, use) for n, message in enumerate(messages) if n > begin and (use := _use_in(message, of))]
    this = len(calls) + 1
    fresh = PanelUse(shown_again=False, call=this, proposed_in=this, why="first", turn=digest_of(messages), of=of)
    last = next((place for place, (_, use) in reversed([*enumerate(calls)]) if not use["shown_again"]), None)
    if last is None:
        return (fresh if not calls else {**fresh, "why": "lost"}), None
    at, use = calls[last]
    if every is not None and len(calls) - last >= every:
        return {**fresh, "why": "due"}, None
    texts, evidence, analysis = (use.get(key) for key in ("texts", "evidence", "analysis"))
    if not (_is_list(texts, str) and texts and _are_passages(evidence) and isinstance(analysis, str)):
        return {**fresh, "why": "lost"}, None
    if not at or digest_of(messages[:at]) != use["turn"]:
        return {**fresh, "why": "changed"}, None
    again = PanelUse(shown_again=True, call=this, proposed_in=use["call"], why=None, turn=use["turn"], of=of)
    return again, EarlierPanel(at, texts, evidence, analysis)


def _use_in(message: BaseMessage, of: str) -> Mapping[str, Any] | None:
    """Return what a message of this panel tells of it; whoever sends a conversation may have changed anything."""
    moa = message.response_metadata.get("moa") if isinstance(message, AIMessage) else None
    use = moa.get("panel") if isinstance(moa, Mapping) else None
    if not isinstance(use, Mapping) or use.get("of") != of:
        return None
    fits = isinstance(use.get("call"), int) and isinstance(use.get("turn"), str)
    return use if fits and isinstance(use.get("shown_again"), bool) else None


def _are_passages(value: Any) -> bool:
    try:
        _passages().validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=1)
def _passages() -> TypeAdapter[list[Evidence]]:
    return TypeAdapter(list[Evidence])


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def carried_panel(
    use: PanelUse,
    proposers: Sequence[str],
    texts: Sequence[str],
    evidence: Sequence[Mapping[str, Any]],
    analysis: str = "",
) -> CarriedPanel | None:
    """Return what goes along on the message that was made of proposals; None where that is too long for a thread."""
    if len(analysis) + sum(map(len, texts)) + sum(len(e["text"]) for e in evidence) > MOST_CARRIED:
        return None
    return CarriedPanel(
        **use, proposers=[*proposers], texts=[*texts], evidence=[*map(dict, evidence)], analysis=analysis
    )


def without_panel(message: BaseMessage) -> BaseMessage:
    """Return a message without what goes along on it: it is for the next call, and for nobody who reads the message."""
    moa = message.response_metadata.get("moa") if isinstance(message, AIMessage) else None
    if not isinstance(moa, Mapping) or "panel" not in moa:
        return message
    rest = {key: value for key, value in moa.items() if key != "panel"}
    return message.model_copy(update={"response_metadata": {**message.response_metadata, "moa": rest}})
