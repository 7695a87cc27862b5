"""What panels proposed to questions whose answers are calls of tools: HTTP brings the calls back without it.

A client sends the call and its result, and the mixture's aggregator goes on with what its panel proposed, as an agent
of LangChain's would have it. Where that is gone, the panel is asked again.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from ...core.run.conversation import digests_in, last_of_person

MOST_HELD = 32_000_000
"""Characters of proposals that are held; the oldest go first."""
_Calls = tuple[str, str, tuple[str | None, ...]]
"""Whose calls they are, of which mixture, and their ids."""
_Place = tuple[_Calls, str]


class Panels:
    """Hold what panels proposed, each for the client that it was for."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[_Place, tuple[Any, int]] = OrderedDict()
        self._calls: Counter[_Calls] = Counter()

    def hold(self, caller: str, model: str, answer: AIMessage) -> None:
        """Hold what an answer carries of its panel, if it calls tools."""
        panel = (answer.response_metadata.get("moa") or {}).get("panel")
        if not (panel and answer.tool_calls):
            return
        size = sum(map(len, panel.get("texts") or ())) + len(panel.get("analysis") or "") + 500
        size += sum(len(passage["text"]) for passage in panel.get("evidence") or ())
        place = (caller, model, _ids(answer)), panel["turn"]
        self._drop(place)
        self._held[place] = panel, size
        self._calls[place[0]] += 1
        self._size += size
        while self._size > self._most:
            self._drop(next(iter(self._held)))

    def put_back(self, caller: str, model: str, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return a conversation with what was proposed to the question that it is at."""
        begin = last_of_person(messages)
        whole = list(messages)
        calls = {
            number: (caller, model, _ids(message))
            for number, message in enumerate(messages)
            if number > begin and isinstance(message, AIMessage) and message.tool_calls
        }
        # A conversation is read for what may be there only, and once: it may be long, and all others wait.
        calls = {number: place for number, place in calls.items() if place in self._calls}
        for number, turn in enumerate(digests_in(messages[: max(calls, default=0)]), 1):
            if number in calls and (place := (calls[number], turn)) in self._held:
                self._held.move_to_end(place)
                metadata = {"moa": {"panel": self._held[place][0]}}
                whole[number] = messages[number].model_copy(update={"response_metadata": metadata})
        return whole

    def _drop(self, place: _Place) -> None:
        if place not in self._held:
            return
        self._size -= self._held.pop(place)[1]
        self._calls[place[0]] -= 1
        if not self._calls[place[0]]:
            del self._calls[place[0]]


def _ids(message: AIMessage) -> tuple[str | None, ...]:
    return tuple(call["id"] for call in message.tool_calls)
