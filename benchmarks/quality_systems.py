"""The systems that are asked: each model alone, and mixtures of all; and one answer of a system, graded."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grading import Question, is_right, ours_in
from langgraph_moa import Proposer, create_moa, create_self_moa, create_single
from langgraph_moa.core.errors import MoAError
from langgraph_moa.prompts import bundled
from quality_models import Served

LONGEST = {"gsm8k": 256, "choice": 256}
"""Tokens that an answer may have, so that a small machine ends; the same for all systems."""
LONGEST_USUAL, _TIMEOUT = 160, 600.0
NOTE = "+note"
SELF = "self:"
Row = dict[str, Any]


def systems_of(models: Sequence[Served], aggregator: str) -> dict[str, Callable[[int], Any]]:
    """Return how each system is built, by name: nothing is set but the models, and what lets a small machine end."""
    by_name = {one.name: one.model for one in models}
    if aggregator not in by_name:
        sys.exit(f"found the aggregator {aggregator!r}, expected one of {', '.join(by_name)}")
    last = by_name[aggregator]
    note = bundled("mark").text

    def alone(model: Any) -> Callable[[int], Any]:
        return lambda longest: create_single(model=model, **_options(longest))

    def mixed(layers: int) -> Callable[[int], Any]:
        return lambda longest: create_moa(
            proposers=[Proposer(one.model, name=one.name) for one in models],
            aggregator=last,
            layers=layers,
            **_options(longest),
        )

    def sampled(model: Any) -> Callable[[int], Any]:
        # At temperature 0 its samples would be one text.
        return lambda longest: create_self_moa(
            model=Proposer(model, temperature=0.7), samples=3, aggregator=model, **_options(longest)
        )

    return {
        **{name: alone(model) for name, model in by_name.items()},
        **{f"{name}{NOTE}": alone(Proposer(model, system_prompt=note)) for name, model in by_name.items()},
        **{f"moa{layers}": mixed(layers) for layers in (2, 3)},
        **{f"{SELF}{name}": sampled(model) for name, model in by_name.items()},
    }


def _options(longest: int) -> dict[str, Any]:
    return {"temperature": 0.0, "max_tokens": longest, "timeout": _TIMEOUT}


def baseline_of(system: str, aggregator: str) -> str | None:
    """Return the model alone that a system is held against; None for one that is itself alone."""
    if system.endswith(NOTE):
        return system.removesuffix(NOTE)
    if system.startswith(SELF):
        return system.removeprefix(SELF)
    return aggregator if system.startswith("moa") else None


async def ask_all(
    systems: Mapping[str, Callable[[int], Any]],
    questions: Sequence[Question],
    *,
    models: Sequence[Served] = (),
    concurrency: int,
    raw: Path,
) -> list[Row]:
    """Put every question to every system, one system after the other, and write each answer down as it comes."""
    rows: list[Row] = []
    turn = asyncio.Semaphore(concurrency)
    raw.parent.mkdir(parents=True, exist_ok=True)
    total = len(systems) * len(questions)
    with raw.open("w", encoding="utf-8") as file:
        for name, build in systems.items():
            graphs = {longest: build(longest) for longest in {longest_of(q) for q in questions}}

            async def one(question: Question, name: str = name, graphs: dict[int, Any] = graphs) -> None:
                async with turn:
                    row = await ask(graphs[longest_of(question)], name, question)
                    if row["failed"]:
                        for model in models:
                            await asyncio.to_thread(model.check)
                        row = await ask(graphs[longest_of(question)], name, question)
                rows.append(row)
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()
                sys.stderr.write(f"\r{len(rows)} of {total}: {name} {question.set}{' ' * 20}")

            try:
                await asyncio.gather(*map(one, questions))
            finally:
                sys.stderr.write("\n")
    return rows


def longest_of(question: Question) -> int:
    return LONGEST.get(question.set, LONGEST_USUAL)


async def ask(graph: Any, name: str, question: Question) -> Row:
    row: Row = {"set": question.set, "id": question.id, "system": name}
    try:
        state = await graph.ainvoke({"messages": [{"role": "user", "content": question.text}]})
    except MoAError as exc:
        free = {"text": "", "right": False, "tokens": 0, "prompt_tokens": 0, "seconds": 0.0, "calls": 0, "failed": 1}
        return {**row, **free, "status": f"failed: {exc}"}
    run, text = state["run"], state["messages"][-1].text
    calls = [*state.get("proposals", []), *run["aggregators"]]
    return {
        **row,
        "text": text,
        "status": status_of(run),
        "right": graded(question, text),
        "tokens": run["usage"]["output_tokens"],
        "prompt_tokens": run["usage"]["input_tokens"],
        "seconds": run["seconds"],
        "calls": run["calls"],
        "failed": sum(call["status"] in ("error", "timeout") for call in calls),
    }


def graded(question: Question, text: str) -> bool:
    """Tell whether an answer is right; one that repeats our prompts is none."""
    return is_right(question, text) and not ours_in(text)


def status_of(run: Mapping[str, Any]) -> str:
    if run["stopped"] == "fell_back":
        return f"fell back: {run['degraded']}"
    return "truncated" if run["truncated"] else "ok"
