"""A mixture as a solver of inspect_ai: `inspect eval examples/inspect_task.py --model none`.

The mixture asks its own models; what it took, and its report, stand in each sample's metadata, and in the log.
"""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ModelOutput, ModelUsage
from inspect_ai.scorer import includes
from inspect_ai.solver import Generate, Solver, TaskState, solver
from langgraph_moa import create_moa

SUMS = [Sample(id=f"{n} * 17", input=f"What is {n} * 17?", target=str(n * 17)) for n in (12, 24, 36)]


@solver
def mixture(proposers: str = "offline:words,offline:stems", aggregator: str = "offline:words") -> Solver:
    """Answer by a mixture; models are named with commas between, as `-S proposers=...` does."""
    moa = create_moa(proposers=proposers.split(","), aggregator=aggregator)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        chat: list[Any] = [{"role": message.role, "content": message.text} for message in state.messages]
        result = await moa.ainvoke({"messages": chat})
        answer, run = result["messages"][-1].text, result["run"]
        counted = {name: run["usage"].get(name) or 0 for name in ("input_tokens", "output_tokens", "total_tokens")}
        state.messages.append(ChatMessageAssistant(content=answer, model="langgraph-moa"))
        state.output = ModelOutput.from_content("langgraph-moa", answer)
        state.output.usage = ModelUsage(**counted)
        state.metadata |= {"calls": run["calls"], "usd": run["usd"], "usage": counted, "run": run}
        return state

    return solve


@task
def sums() -> Task:
    """Work out sums, by a mixture of the offline models."""
    return Task(dataset=MemoryDataset(SUMS), solver=mixture(), scorer=includes())
