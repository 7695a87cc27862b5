"""What was proposed is found again by another process, for it goes along on the messages of the thread."""

from pathlib import Path
from typing import Any

import warm
from loopback import Loopback, Reply


def one_step(body: dict[str, Any]) -> Reply:
    """Call a tool, then answer."""
    is_done = any(message["role"] == "tool" for message in body["messages"])
    return Reply("done") if is_done else Reply("", tool_calls=[("get_weather", {"city": "Rome"})])


PROCESS = """
import sys
from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph_moa import ChatMoA, create_moa, resolve_model
from functools import partial

def get_weather(city: str) -> str:
    '''Tell the weather.'''
    return "18 degrees"

url, file, question = sys.argv[1:]
moa = create_moa(
    proposers=["m0", "m1"], aggregator="aggregator", resolve=partial(resolve_model, base_url=url)
)
with SqliteSaver.from_conn_string(file) as saver:
    agent = create_agent(ChatMoA(moa), tools=[get_weather], checkpointer=saver)
    given = {"messages": [("user", question)]} if question else None
    agent.invoke(given, {"configurable": {"thread_id": "t"}}, interrupt_after=["tools"])
"""


def test_another_process_goes_on_with_the_same_proposals(loopback: Loopback, tmp_path: Path) -> None:
    loopback.say("aggregator", one_step)
    (tmp_path / "step.py").write_text(PROCESS, encoding="utf-8")

    for question in ("How warm is it?", ""):
        done = warm.start(str(tmp_path / "step.py"), loopback.url, str(tmp_path / "threads.sqlite"), question)
        assert done.wait(60) == 0

    assert [len(loopback.asked(name)) for name in ("m0", "m1", "aggregator")] == [1, 1, 2]
    prompts = [request.messages for request in loopback.asked("aggregator")]
    assert prompts[1][: len(prompts[0])] == prompts[0]
