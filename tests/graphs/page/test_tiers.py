"""At which tier of service a call was answered stands on the page of its run."""

from typing import Any

from langgraph_moa import Price, Proposer, create_moa
from langgraph_moa.graphs.page import report
from loopback import Loopback, Reply

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}


async def test_each_call_shows_it_beside_its_price(loopback: Loopback) -> None:
    loopback.default = lambda body: Reply("48", tier=body.get("service_tier"))
    moa = create_moa(
        proposers=["a", Proposer("b", tier="default")],
        aggregator="last",
        tier="flex",
        resolve=loopback.resolve,
        prices=dict.fromkeys(["a", "b", "last"], Price(input=1, output=1, flex=0.5)),
    )

    page = report(await moa.ainvoke(QUESTION), moa)

    assert page.count(", at the tier flex") == 1
    assert "last: 1 call answered at the tier flex" in page
    assert "at the tier default" not in page
