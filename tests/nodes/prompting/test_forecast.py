"""A call is bounded before its references and passages are there."""

from typing import Any

import pytest
from citing import citing, long
from lamps import finds
from langgraph_moa import (
    Budget,
    BudgetExceeded,
    Proposer,
    Retriever,
    create_moa,
    estimate,
)
from loopback import Loopback
from panels import says
from reading import QUESTION
from tables import each
from windows import WINDOW, joining, mixture, words

LIMIT: dict[str, Any] = {"profile": {"max_output_tokens": 50}}


def test_evidence_counts_against_the_budget() -> None:
    model = says("x", "p", **LIMIT)
    panel: Any = {"proposers": [model], "aggregator": says("y", "last", **LIMIT), "budget": Budget(tokens=4_000)}

    assert citing(**panel).invoke(QUESTION)["run"]["stopped"] == "completed"
    with pytest.raises(BudgetExceeded, match="nothing was asked"):
        citing(found=finds(*map(long, range(3))), **panel).invoke(QUESTION)

    assert len(model.asked) == 1


SOURCES = {"short": "lamps.md", "long": "s" * 230, "of another script": "河" * 230}


@each("source", SOURCES)
@each("layers", [1, 3])
def test_an_estimate_bounds_a_prompt_with_all_its_evidence(source: str, layers: int) -> None:
    models = [says("x", name, **LIMIT) for name in ("p", "q", "last")]
    found = [Retriever(finds(*map(long, range(9)), source=SOURCES[source]), name="a")]
    panel: Any = {"proposers": [models[0], Proposer(models[1], retriever=finds(long(11)))], "aggregator": models[2]}
    if layers == 1:
        panel = {"proposers": [models[2]], "aggregator": None}
    moa = citing(retrievers=found, evidence_tokens=500, early_stop=None, layers=layers, **panel)

    bound = estimate(moa, "What colour is the lamp?")
    moa.invoke(QUESTION)

    asked = [messages for model in models for messages in model.asked]
    sizes = [sum(8 + -(-len(m.text.encode()) // 2) for m in messages) for messages in asked]
    assert bound["calls"] == len(asked)
    assert bound["tokens"] is not None
    assert bound["tokens"] >= sum(sizes) + 50 * len(asked)


async def test_the_estimate_bounds_all_windows(loopback: Loopback) -> None:
    joining(loopback, "reader")
    names = [f"m{n}" for n in range(8)]
    reader = Proposer("reader", context_tokens=WINDOW + 200)
    moa = mixture(loopback, proposers=[names, [reader, *names]], max_tokens=200)

    bound: Any = estimate(moa, "Which?")
    await moa.ainvoke(QUESTION)

    assert len(loopback.requests) <= bound["calls"]
    assert loopback.tokens_billed <= bound["tokens"]


def test_windows_by_number_are_within_the_estimate_and_the_budget() -> None:
    def moa(**options: Any) -> Any:
        panel = [says(words(f"p{n}", 200), f"p{n}") for n in range(6)]
        last = says(words("last", 300), "last")
        more = {"layers": 3, "window": 2, "early_stop": None, "max_tokens": 100, **options}
        return create_moa(proposers=panel, aggregator=last, **more)

    bound = estimate(moa(), "Which?")
    run = moa().invoke(QUESTION)["run"]
    bounded = moa(budget=Budget(tokens=6_000)).invoke(QUESTION)["run"]

    assert run["calls"] == 6 + 6 * 5 + 5 <= (bound["calls"] or 0)
    assert run["usage"]["total_tokens"] <= (bound["tokens"] or 0)
    assert bounded["usage"]["total_tokens"] <= 6_000
