"""Somebody listens, but where it is certain that nobody does."""

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, AsyncCallbackManager
from langgraph_moa import create_moa
from langgraph_moa.core.listening import Unheard, is_heard
from langgraph_moa.core.wire import chat
from loopback import Loopback
from reading import QUESTION


class Listener(AsyncCallbackHandler):
    """Count the calls that are heard."""

    def __init__(self) -> None:
        self.ends = 0

    async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.ends += 1


@pytest.mark.parametrize(
    ("callbacks", "heard"),
    [
        (None, True),
        ([], True),
        ([Listener()], True),
        (AsyncCallbackManager([]), False),
        (AsyncCallbackManager([Listener()]), True),
        (Unheard([]), False),
    ],
)
def test_in_doubt_somebody_listens(callbacks: Any, *, heard: bool) -> None:
    assert is_heard({"callbacks": callbacks}) == heard


async def test_who_listens_to_a_run_hears_all_its_calls(loopback: Loopback) -> None:
    moa = create_moa(proposers=["a", "b"], aggregator="c", resolve=loopback.resolve)
    listener = Listener()

    await moa.ainvoke(QUESTION, {"callbacks": [listener]})
    await moa.ainvoke(QUESTION)

    assert listener.ends == 3


async def test_what_nobody_hears_is_not_told(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain's own way is gone where somebody listens only."""
    told = []
    generate = chat.ChatCompletions._agenerate

    async def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        told.append(self.model_name)
        return await generate(self, *args, **kwargs)

    monkeypatch.setattr(chat.ChatCompletions, "_agenerate", noted)
    moa = create_moa(proposers=["a", "b"], aggregator="c", resolve=loopback.resolve)
    await moa.ainvoke(QUESTION)
    assert told == []

    await moa.ainvoke(QUESTION, {"callbacks": [Listener()]})

    assert sorted(told) == ["a", "b", "c"]
