"""Our graph and a plain version of the paper's equations make the same calls (arXiv 2406.04692, equation 1)."""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any

import openai
from langgraph_moa import create_moa
from langgraph_moa.core.models import resolve_model
from loopback import Loopback, Reply, Request
from reading import references_in

MODELS = [f"proposer-{n}" for n in range(6)]
CONVERSATION: list[Any] = [
    {"role": "system", "content": "You are a geographer."},
    {"role": "user", "content": "Name a river in Peru."},
    {"role": "assistant", "content": "The Ucayali."},
    {"role": "user", "content": "Another one.\n1. Not the Ucayali\n2. Nor the Huallaga"},
]


def answers_in_rounds(server: Loopback) -> None:
    """Let each model answer differently each time it is asked."""
    asked: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        asked[body["model"]] += 1
        return Reply(f"{body['model']}, round {asked[body['model']]}:\n1. Marañón\n2. Urubamba")

    server.default = script
    server.requests.clear()


async def plain(url: str) -> None:
    """y_i = synthesis over j of A_ij(x_i), + x_1;  x_(i+1) = y_i."""
    client = openai.AsyncOpenAI(base_url=url, api_key="k")

    async def ask(model: str, references: list[str]) -> str:
        told: list[Any] = [{"role": "user", "content": "\x1e".join(references)}] if references else []
        reply = await client.chat.completions.create(
            model=model, messages=[*CONVERSATION, *told], temperature=0.7, max_tokens=512
        )
        return str(reply.choices[0].message.content)

    references: list[str] = []
    for _ in range(2):
        references = await asyncio.gather(*(ask(model, references) for model in MODELS))
    await ask("aggregator", references)
    await client.close()


def call_of(request: Request, references: list[str]) -> tuple[Any, ...]:
    body, size = request.body, len(CONVERSATION)
    assert len(request.messages) == size + bool(references)
    return (
        request.model,
        json.dumps(request.messages[:size], sort_keys=True),
        tuple(references),
        body["temperature"],
        body.get("max_tokens"),
        body.get("top_p"),
        body.get("stop"),
    )


async def test_the_same_thirteen_calls(loopback: Loopback) -> None:
    answers_in_rounds(loopback)
    await plain(loopback.url)
    expected = [
        call_of(r, r.messages[-1]["content"].split("\x1e") if len(r.messages) > len(CONVERSATION) else [])
        for r in loopback.requests
    ]

    answers_in_rounds(loopback)
    moa = create_moa(
        proposers=MODELS,
        aggregator="aggregator",
        layers=3,
        temperature=0.7,
        max_tokens=512,
        early_stop=None,
        resolve=partial(resolve_model, base_url=loopback.url),
    )
    result = await moa.ainvoke({"messages": CONVERSATION})

    ours = [call_of(r, references_in(r.messages[-1]["content"])) for r in loopback.requests]
    assert len(ours) == len(expected) == 13
    assert sorted(ours) == sorted(expected)
    assert ours[-1] == expected[-1]
    assert [len(call[2]) for call in ours] == [0] * 6 + [6] * 7
    assert result["messages"][-1].text.startswith("aggregator, round 1")
