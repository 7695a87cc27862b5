"""A server that attacks costs its own proposal: whatever it sends, and however much of it."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from attacked import SECONDS, attacks, cost_of_attack
from attacker import ATTACKS, attacker
from langgraph_moa import create_moa, resolve_model

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
QUESTION: Any = {"messages": [{"role": "user", "content": "What is it?"}]}
QUICK = {
    "endless body": "found more than 8,388,608 bytes from http",
    "endless body with a length": "found more than 8,388,608 bytes (1,099,511,627,776 announced) from http",
    "gzip of 200 MB": "found more than 8,388,608 bytes from http",
    "gzip, then zeros": "found more than 8,388,608 packed bytes from http",
    "gzip of nothing": "found more than 8,388,608 packed bytes from http",
    "gzip of 200,000 members": "found an answer packed in more than 100 pieces",
    "brotli": "found an answer packed as 'br'",
    "20,000 calls": "found more than 128 calls in one answer",
    "call with 7 MB of arguments": "found more than 1,048,576 characters of arguments",
    "header of 16 MB": "found more headers from http",
    "deep JSON": "found JSON of more than",
}
WITHIN_BOUNDS = {"fine", "text of 7 MB", "text of 7 MB with an emoji", "text of 7 MB over and over"}
WITHIN_BOUNDS |= {"text of 7 MB in a stream"}
"""Long, and answers all the same; their memory is what they are long."""
MEGABYTES = {"endless logprobs": 100}
"""What 8 MB of small numbers are in memory."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with attacks() as url:
        yield url


def model(name: str, url: str, **options: Any) -> Any:
    return resolve_model(f"openai:{name}", base_url=url, **options)


@pytest.mark.parametrize("attack", QUICK)
async def test_what_is_more_than_may_be_costs_its_own_proposal(attack: str, socket_enabled: None) -> None:
    with attacker() as url:
        moa = create_moa(proposers=[model(attack, url), model("fine", url)], aggregator=model("fine", url))
        result = await moa.ainvoke(QUESTION)

    attacked, fine = result["proposals"]
    assert (attacked["status"], fine["status"], attacked["retries"]) == ("error", "ok", 0)
    assert QUICK[attack] in attacked["error"]


@pytest.mark.parametrize(
    "attack", ["endless body", "gzip of 200 MB", "gzip, then zeros", "brotli", "20,000 calls", "deep JSON"]
)
async def test_on_the_openai_package_too(attack: str, socket_enabled: None) -> None:
    with attacker() as url:
        hostile = model(attack, url, transport="openai")
        moa = create_moa(proposers=[hostile, model("fine", url)], aggregator=model("fine", url))
        result = await moa.ainvoke(QUESTION)

    attacked, fine = result["proposals"]
    assert (attacked["status"], fine["status"], attacked["retries"]) == ("error", "ok", 0)
    assert QUICK[attack].partition(" from http")[0] in attacked["error"]


async def test_each_mixture_has_its_own_bound(socket_enabled: None) -> None:
    with attacker() as url:
        moa = create_moa(proposers=[model("fine", url)] * 2, aggregator=model("fine", url), max_answer_bytes=50)
        with pytest.raises(Exception, match="found more than 50 bytes"):
            await moa.ainvoke(QUESTION)


@pytest.mark.soak
@pytest.mark.parametrize(("attack", "place"), [*zip(ATTACKS, cycle(["proposer", "aggregator"]))])
def test_no_attack_takes_time_or_memory_of_others(attack: str, place: str, server: str) -> None:
    """Try three times: the machine is others', too."""
    for _ in range(3):
        cost = cost_of_attack(attack, server, place=place, streamed=place == "aggregator")
        if cost.others and cost.over < 0.5 and cost.loop < 0.05:
            break

    is_answer = attack in WITHIN_BOUNDS and not (place == "proposer" and "stream" in attack)  # nobody asked for one
    assert cost.status in ({"ok", "degenerate"} if is_answer else {"error", "timeout", "degenerate"})
    assert cost.others >= 2
    assert cost.over < 0.5 + SECONDS * (attack in WITHIN_BOUNDS)
    if attack not in WITHIN_BOUNDS:
        assert cost.loop < 0.1  # alone it is below 0.05; caches are shared with the tests that run beside it
        assert cost.megabytes < MEGABYTES.get(attack, 40)
