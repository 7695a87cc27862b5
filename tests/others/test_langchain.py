"""LangChain's other packages take a mixture, and what they bring, as the examples say."""

import asyncio
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deepagents import CompiledSubAgent, create_deep_agent
from langchain.messages import AIMessage, HumanMessage
from langgraph_moa import create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel

EXAMPLES = Path(__file__).parents[2] / "examples"
TASK = {"name": "task", "args": {"description": "What is 17 * 24?", "subagent_type": "panel"}, "id": "1"}


def test_a_deep_agent_hands_a_task_to_a_mixture(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "deep_agent.py"), run_name="__main__")

    assert capsys.readouterr().out.splitlines() == [
        "['human', 'ai', 'tool', 'ai']",
        "The panel says: 17 * 24 = 408",
    ]


def test_a_mixture_of_deep_agents_sees_the_task_alone_and_nothing_of_it_leaks_out() -> None:
    proposer, last = ScriptedModel(script="a secret draft"), ScriptedModel(script="an answer")
    moa = create_moa(proposers=[proposer], aggregator=last, draft=True)
    panel = CompiledSubAgent(name="panel", description="Several models.", runnable=moa)
    model = ScriptedModel(script=[AIMessage("", tool_calls=[TASK]), "It is done."])
    agent = create_deep_agent(model=model, subagents=[panel])

    result: Any = asyncio.run(agent.ainvoke({"messages": [HumanMessage("Ask the panel.")]}))

    assert [m.text for m in proposer.asked[0]] == ["What is 17 * 24?"]
    assert [m.text for m in result["messages"] if m.type == "tool"] == ["an answer"]
    assert not any("secret" in m.text for m in result["messages"])
    assert {"proposals", "verdicts", "run"}.isdisjoint(result)


def test_proposers_have_the_read_only_tools_of_an_mcp_server() -> None:
    """It is a process of its own, which starts the server."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    command = [sys.executable, str(EXAMPLES / "mcp_tools.py")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=clean, timeout=120)

    assert done.returncode == 0, done.stderr
    refused, answered = done.stdout.splitlines()
    assert refused.startswith("refused: found the tool 'order_item' of 'words', not marked read-only")
    assert answered == "[('words', 2), ('stems', 2)] “A lamp costs 12 euros.” (get_price)"
