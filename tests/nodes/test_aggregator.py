"""Aggregators are tried in order, and a paid answer is never lost."""

from functools import partial
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage
from langgraph_moa import Aggregator, create_moa, resolve_model
from langgraph_moa.core.agreement.vote import best_proposal
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.records import Proposal
from loopback import Loopback, Reply
from reading import user

QUESTION = user("Which?")


def mixture(server: Loopback, *aggregators: Any, **options: Any) -> Any:
    resolve = partial(resolve_model, base_url=server.url)
    return create_moa(proposers=["m0", "m1"], aggregator=list(aggregators), resolve=resolve, **options)


async def streamed(moa: Any) -> tuple[dict[str, str], list[dict[str, Any]], dict[str, Any]]:
    """Return the streamed texts by message id, the events and the final state."""
    texts: dict[str, str] = {}
    events: list[dict[str, Any]] = []
    state: dict[str, Any] = {}
    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "custom", "values"]):
        if mode == "messages":
            texts[part[0].id] = texts.get(part[0].id, "") + part[0].text
        elif mode == "custom":
            events.append(part)
        else:
            state = part
    return texts, events, state


WAYS: dict[str, tuple[Reply, str]] = {
    "unauthorized": (Reply(status=401), "error"),
    "rate limit": (Reply(status=429), "rate_limited"),
    "hang": (Reply(broken="hang"), "timeout"),
    "empty": (Reply(""), "empty"),
    "content filter": (Reply("", finish_reason="content_filter"), "refused"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_before_its_first_token_a_failing_aggregator_is_replaced_silently(loopback: Loopback, way: str) -> None:
    reply, status = WAYS[way]
    loopback.say("first", reply)

    texts, events, state = await streamed(mixture(loopback, Aggregator("first", timeout=0.5), "second"))

    assert [text for text in texts.values() if text] == ["answer of second"]
    assert [e["aggregator"] for e in events if e["moa"] == "aggregating"] == ["first", "second"]
    assert [e for e in events if e["moa"] == "abandoned"] == []
    assert [call["status"] for call in state["run"]["aggregators"]] == [status, "ok"]
    assert [m.text for m in state["messages"]] == ["Which?", "answer of second"]
    assert state["run"]["degraded"].startswith(f"aggregator first: {status} (")
    assert state["run"]["calls"] == 4


@pytest.mark.parametrize("broken", ["reset_mid_stream", "slow"])
async def test_after_tokens_went_out_the_attempt_is_told_apart_and_abandoned(loopback: Loopback, broken: str) -> None:
    half = Reply("half of an answer", broken=broken) if broken != "slow" else Reply("half of it", chunk_delay=0.2)
    loopback.say("first", half)

    texts, events, state = await streamed(mixture(loopback, Aggregator("first", timeout=0.5), "second"))

    (abandoned,) = [e for e in events if e["moa"] == "abandoned"]
    assert (abandoned["aggregator"], len(abandoned["message_ids"])) == ("first", 1)
    given_up = abandoned["message_ids"][0]
    assert texts[given_up].startswith("half")
    assert [text for key, text in texts.items() if key != given_up] == ["answer of second"]
    assert state["messages"][-1].id != given_up
    assert [m.text for m in state["messages"]] == ["Which?", "answer of second"]


async def test_streamed_tokens_carry_their_aggregators_name(loopback: Loopback) -> None:
    loopback.say("first", Reply(status=401))

    parts = [part async for part in mixture(loopback, "first", "second").astream(QUESTION, stream_mode="messages")]

    assert {meta["moa_aggregator"] for message, meta in parts if message.text} == {"second"}


@pytest.mark.parametrize("api", ["invoke", "ainvoke"])
async def test_when_all_fail_the_best_proposal_is_the_answer(loopback: Loopback, api: str) -> None:
    loopback.say("first", Reply(status=401))
    loopback.say("second", Reply(""))
    moa = mixture(loopback, "first", "second")

    result = await moa.ainvoke(QUESTION) if api == "ainvoke" else moa.invoke(QUESTION)

    assert result["messages"][-1].text == "answer of m0"
    for told in ("aggregator first: error", "aggregator second: empty", "proposal of m0, word for word"):
        assert told in result["run"]["degraded"]
    assert result["run"]["truncated"] is False


async def test_an_answer_that_was_cut_at_its_limit_says_so(loopback: Loopback) -> None:
    loopback.say("last", Reply("cut in the mid", finish_reason="length"))

    result = await mixture(loopback, "last", "never").ainvoke(QUESTION)

    assert result["messages"][-1].text == "cut in the mid"
    assert result["run"]["truncated"] is True
    assert "truncated" in result["run"]["degraded"]
    assert result["messages"][-1].response_metadata["moa"]["truncated"] is True
    assert loopback.asked("never") == []


def proposal(text: str, status: str = "ok", *, model: str = "", served: str | None = None) -> Proposal:
    return cast("Proposal", {"text": text, "status": status, "model": model, "served_model": served})


BEST: list[tuple[list[Proposal], int]] = [
    ([proposal("one"), proposal("two")], 0),
    ([proposal("cut", "truncated"), proposal("two"), proposal("three")], 1),
    ([proposal("It is 5. Answer: 5"), proposal("Answer: 7"), proposal("So the answer is **7**.")], 1),
    ([proposal("Lima"), proposal("Cusco"), proposal(" cusco. ")], 1),
    ([proposal(r"x \boxed{4}"), proposal("y y y\n#### 9"), proposal("y y\n#### 9"), proposal("z\n#### 9")], 1),
    ([proposal("a", "truncated"), proposal("a"), proposal("b")], 1),
    (
        [
            *(proposal("Answer: 5", model=name, served="one") for name in "abc"),
            *(proposal("Answer: 6", model=name, served=name) for name in "de"),
        ],
        3,
    ),
]


@pytest.mark.parametrize(("proposals", "best"), BEST)
def test_the_best_proposal_is_the_largest_groups_medoid_else_the_first_whole_one(
    proposals: list[Proposal], best: int
) -> None:
    assert best_proposal(proposals) is proposals[best]


def test_aggregators_of_one_kind_get_names_of_their_own() -> None:
    failing = ScriptedModel(script=ValueError("x"))

    result = create_moa(proposers=[ScriptedModel(script="p")], aggregator=[failing, failing]).invoke(QUESTION)

    assert "aggregator scripted: error" in result["run"]["degraded"]
    assert "aggregator scripted-2: error" in result["run"]["degraded"]


def test_a_truncated_best_proposal_is_marked_too() -> None:
    cut = AIMessage("cut of", response_metadata={"finish_reason": "length"})
    moa = create_moa(proposers=[ScriptedModel(script=cut)], aggregator=ScriptedModel(script=ValueError("x")))

    assert moa.invoke(QUESTION)["run"]["truncated"] is True
