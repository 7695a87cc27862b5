"""What panels proposed, held between the calls of one question."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph_moa.apps.serve.panels import Panels
from langgraph_moa.core.run import conversation
from langgraph_moa.core.run.conversation import digest_of

QUESTION = HumanMessage("how is it?")
CALL: Any = [{"name": "f", "args": {}, "id": "1", "type": "tool_call"}]


def answer(size: int = 10, question: HumanMessage = QUESTION, **more: Any) -> AIMessage:
    panel = {"turn": digest_of([question]), "texts": ["x" * size], "evidence": [], "analysis": ""}
    return AIMessage("", tool_calls=CALL, response_metadata={"moa": {"panel": panel}}, **more)


def sent(question: HumanMessage = QUESTION) -> list[Any]:
    """Return what comes back from a client: no metadata, other ids."""
    return [question, AIMessage("", tool_calls=CALL), ToolMessage("4", tool_call_id="1")]


def has_panel(messages: list[Any]) -> bool:
    return "moa" in messages[1].response_metadata


def test_a_panel_is_put_back_for_its_key_its_mixture_and_its_question() -> None:
    panels = Panels()
    panels.hold("anna", "moa", answer())

    assert has_panel(panels.put_back("anna", "moa", sent()))
    assert not has_panel(panels.put_back("ben", "moa", sent()))
    assert not has_panel(panels.put_back("anna", "other", sent()))
    assert not has_panel(panels.put_back("anna", "moa", sent(HumanMessage("another"))))
    assert not has_panel(panels.put_back("anna", "moa", [*sent(), HumanMessage("and now?")])), "it is another turn"


def test_answers_that_call_nothing_are_not_held() -> None:
    panels = Panels()
    panels.hold("anna", "moa", AIMessage("4", response_metadata=answer().response_metadata))
    panels.hold("anna", "moa", AIMessage("4"))

    assert not panels._held


def test_the_oldest_go_first_and_room_is_given_back() -> None:
    panels = Panels(most=2500)
    questions = [HumanMessage(f"question {n}") for n in range(3)]
    for question in questions:
        panels.hold("anna", "moa", answer(500, question))
        panels.hold("anna", "moa", answer(500, question))

    assert [has_panel(panels.put_back("anna", "moa", sent(q))) for q in questions] == [False, True, True]
    panels.hold("anna", "moa", answer(9999))
    assert (len(panels._held), len(panels._calls), panels._size) == (0, 0, 0), (
        "one that is longer than all room is not held"
    )


def test_a_long_turn_is_read_once_and_only_where_something_may_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    turn: list[BaseMessage] = [QUESTION]
    for number in range(100):
        call: Any = {**CALL[0], "id": f"{number}"}
        turn += [AIMessage("", tool_calls=[call]), ToolMessage("4", tool_call_id=f"{number}")]
    panels, other = Panels(), Panels()
    for place in (1, 99):
        ask: Any = turn[place]
        panel = {"turn": digest_of(turn[:place]), "texts": []}
        panels.hold("anna", "moa", ask.model_copy(update={"response_metadata": {"moa": {"panel": panel}}}))
    readings = list[BaseMessage]()
    said_in = conversation._said_in

    def counted(message: BaseMessage) -> list[Any]:
        readings.append(message)
        return said_in(message)

    monkeypatch.setattr(conversation, "_said_in", counted)

    whole = panels.put_back("anna", "moa", turn)
    assert [n for n, message in enumerate(whole) if message.response_metadata] == [1, 99]
    assert len(readings) == 99
    other.put_back("anna", "moa", turn)
    panels.put_back("ben", "moa", turn)
    assert len(readings) == 99
