"""Who goes on with other options than those that batches under way were asked with pays for nothing twice."""

from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Refusal
from batched import SOON, in_batches, mixture
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, ConfigError, Proposer, Question, abatch
from langgraph_moa.evaluation.batch.cancelling import cancel_batches
from langgraph_moa.graphs.asked import models_asked
from loopback import Reply

CHANGED = [
    ({"max_tokens": 50}, {"max_tokens": 60}),
    ({"proposers": [Proposer("a", temperature=0.1), "b"]}, {"proposers": [Proposer("a", temperature=0.2), "b"]}),
    ({"proposers": [Proposer("a", system_prompt="Be brief."), "b"]}, {}),
]


def form(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


def texts(words: str) -> list[Question]:
    return [Question(id=f"q{n}", messages=[{"role": "user", "content": f"{words} {n}?"}]) for n in range(3)]


async def stopped(server: BatchServer, out: Path, polls: int = 0, **options: Any) -> None:
    """Begin, and stop once providers were asked so often how far they are."""
    server.refusals = [Refusal("/batches/", status=401, method="GET", seen=polls)]
    with pytest.raises(ConfigError, match="does not tell what became of its batches"):
        await in_batches(server, out, 3, **options)
    server.refusals = []


async def refused(server: BatchServer, out: Path, **options: Any) -> None:
    """Go on, and find that nothing is sent."""
    batches = len(server.batches)
    with pytest.raises(ConfigError, match="asks something else than what providers' batches were asked"):
        await in_batches(server, out, 3, **options)
    assert len(server.batches) == batches


@pytest.mark.parametrize("polls", [0, 7])
@pytest.mark.parametrize(("first", "second"), CHANGED, ids=["room", "temperature", "prompt"])
async def test_other_options_are_refused_and_the_first_ones_go_on(
    first: dict[str, Any], second: dict[str, Any], polls: int, batches: BatchServer, out: Path
) -> None:
    given = {"moa": mixture(batches, **first), "budget": Budget(calls=9)}
    await stopped(batches, out, polls, **given)
    await refused(batches, out, **{**given, "moa": mixture(batches, **second)})
    report = await in_batches(batches, out, 3, **given)
    assert (report["answered"], report["calls"], len(batches.billed_requests)) == (3, 9, 9)


async def test_another_schema_and_another_text_are_refused(batches: BatchServer, out: Path) -> None:
    batches.default = lambda body: Reply('{"x": "1"}')
    await stopped(batches, out, 9, schema=form("x"))
    await refused(batches, out, schema=form("y"))
    assert (await in_batches(batches, out, 3, schema=form("x")))["answered"] == 3

    other = out.with_name("other.jsonl")
    batches.refusals = [Refusal("/batches/", status=401, method="GET")]
    for words, why in (
        ("Old", "does not tell what became of its batches"),
        ("New", "the question 'q0' asks something else"),
    ):
        with pytest.raises(ConfigError, match=why):
            await abatch(mixture(batches), texts(words), other, provider_batch=SOON)
    assert (await abatch(mixture(batches), texts("Old"), other, provider_batch=SOON))["answered"] == 3
    assert len(batches.billed_requests) == 18


async def test_once_cancelled_other_options_begin_anew(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    other = mixture(batches, max_tokens=60)
    await cancel_batches(models_asked(other), [out], poll_s=0.001)
    begun = len(batches.billed_requests)
    report = await in_batches(batches, out, 3, moa=other)
    assert (report["answered"], len(batches.billed_requests) - begun) == (3, 9)
    assert [file.name for file in out.parent.iterdir()] == ["rows.jsonl"]


async def test_a_turn_that_is_kept_is_not_taken_for_a_changed_one(batches: BatchServer, out: Path) -> None:
    moa = mixture(batches, checkpointer=InMemorySaver())
    questions = [Question(id="q", messages=[{"role": "user", "content": "one?"}], later=["two?", "three?"])]
    report = await abatch(moa, questions, out, provider_batch=SOON)
    assert (report["answered"], len(batches.billed_requests)) == (1, 9)
    assert len(rows_in(out)[0]["turns"]) == 3
