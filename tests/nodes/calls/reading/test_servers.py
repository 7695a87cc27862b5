"""What servers really send, over real HTTP: to models of strings and to ChatOpenAI, whole and streamed, in both APIs.

Each is a public report of somebody who runs such a server.
"""

import json
from typing import Any

import pytest
from langgraph_moa import Budget, EarlyStop, Price, Vote, create_moa, create_ranker, judge_agreement
from loopback import Loopback, Reply
from panels import panel, says
from running import APIS
from servers_say import DONE, MODELS, STREAMED, USAGE, Makes, asked, by_name, chat_openai, lean, piece, words

WHERE: Any = {"messages": [("user", "Where?")]}
SUM: Any = {"messages": [("user", "12 * 4?")]}


USAGES: dict[str, tuple[Any, int | None]] = {
    "a fraction": ({"prompt_tokens": 812, "completion_tokens": 40.5, "total_tokens": 852.5}, None),
    "a fraction in its details": ({**USAGE, "completion_tokens_details": {"reasoning_tokens": 3.5}}, None),
    "a negative": ({"prompt_tokens": 812, "completion_tokens": -1, "total_tokens": 811}, None),
    "a text": ("n/a", None),
    "a list": ([], None),
    "thinking in the total only": ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, 623),
    "as it should be": (USAGE, 15),
}


@pytest.mark.parametrize(("usage", "total"), USAGES.values(), ids=USAGES)
@pytest.mark.parametrize("role", ["proposer", "aggregator"])
@STREAMED
async def test_a_servers_figures_are_right_or_not_known(
    loopback: Loopback, usage: Any, total: int | None, role: str, *, streamed: bool
) -> None:
    loopback.default = Reply("It is 48.", usage=usage)
    names: Any = {"proposer": ("odd", says("x")), "aggregator": (says("48"), "odd")}[role]
    moa = create_moa(proposers=[names[0], says("48")], aggregator=names[1], resolve=by_name(loopback, lean))

    result = await asked(moa, "async", streamed=streamed)

    call = result["proposals"][0] if role == "proposer" else result["run"]["aggregators"][0]
    assert call["status"] == "ok"
    assert (call["usage"] or {}).get("total_tokens") == total


@pytest.mark.parametrize("usage", [USAGES[name][0] for name in USAGES], ids=list(USAGES))
@STREAMED
async def test_no_figure_costs_a_run(loopback: Loopback, usage: Any, *, streamed: bool) -> None:
    loopback.say("odd", Reply("It is 48.", usage=usage))
    odd = chat_openai(loopback, "odd")
    moa = create_moa(proposers=[odd, says("48")], aggregator=[odd, says("It is 48.")])

    result = await asked(moa, "async", streamed=streamed)

    assert result["messages"][-1].text == "It is 48."


async def test_what_is_counted_again_and_again_is_counted_once(loopback: Loopback) -> None:
    def so_far(count: int) -> Any:
        return {"prompt_tokens": 1000, "completion_tokens": count, "total_tokens": 1000 + count}

    events: list[Any] = [piece({"content": word}, usage=so_far(n)) for n, word in enumerate("abcde", 1)]
    events += [piece({}, "stop", usage=so_far(5)), {**piece(), "choices": [], "usage": so_far(5)}, DONE]
    loopback.default = Reply(events=events)
    options: Any = {"budget": Budget(tokens=9000), "max_tokens": 200, "stream_proposals": True}
    moa = create_moa(proposers=["a", "b"], aggregator="last", resolve=loopback.resolve, **options)

    result = await asked(moa, "async", streamed=True)

    assert [p["usage"]["total_tokens"] for p in result["proposals"]] == [1005, 1005]
    assert result["run"]["usage"]["total_tokens"] == 3015
    assert result["run"]["stopped"] == "completed"


async def test_a_budget_of_money_holds_where_thinking_is_only_in_the_total(loopback: Loopback) -> None:
    hidden = {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}
    loopback.default = lambda body: Reply(f"Final answer: {body['model']}", usage=hidden)
    prices = {name: Price(input=1, output=10) for name in ("a", "b", "last")}
    options: Any = {"layers": 6, "budget": Budget(usd=0.02), "max_tokens": 250, "prices": prices}

    run = (await asked(_mixture(loopback, **options), "async", streamed=False))["run"]

    assert run["usd"] == pytest.approx(0.00605 * run["calls"])
    assert run["usd"] <= 0.02


def _mixture(loopback: Loopback, **options: Any) -> Any:
    return create_moa(proposers=["a", "b"], aggregator="last", resolve=loopback.resolve, **options)


THOUGHT = "<think>\nSECRET first guess 46.\nFinal answer: 46\n</think>\n\n"


@MODELS
@STREAMED
@APIS
async def test_an_aggregator_that_only_thinks_is_replaced(
    loopback: Loopback, model: Makes, api: str, *, streamed: bool
) -> None:
    for sent in (
        Reply(THOUGHT),
        Reply("<think>\nSECRET and on and on", finish_reason="length"),
        Reply("<think></think>"),
    ):
        loopback.say("first", sent)
        loopback.say("second", "A full answer.")
        moa = create_moa(proposers=[says("48")], aggregator=["first", "second"], resolve=by_name(loopback, model))

        result = await asked(moa, api, streamed=streamed)

        assert result["messages"][-1].text == "A full answer."
        assert [call["status"] for call in result["run"]["aggregators"]] == ["empty", "ok"]


@MODELS
async def test_proposers_that_think_agree_on_what_they_answer(loopback: Loopback, model: Makes) -> None:
    loopback.default = lambda body: Reply(THOUGHT + "48")
    options: Any = {"layers": 3, "early_stop": EarlyStop(then="answer"), "resolve": by_name(loopback, model)}

    result = await create_moa(proposers=["a", "b", "c"], aggregator="last", **options).ainvoke(SUM)

    assert result["run"]["stopped"] == "agreed"
    assert result["messages"][-1].text == "48"
    assert [p["text"] for p in result["proposals"]] == ["48"] * 3
    assert all("SECRET" in p["reasoning"] for p in result["proposals"])


@pytest.mark.parametrize("aggregator", [Vote(), "last"], ids=["vote", "aggregator"])
async def test_nobody_is_shown_or_counts_what_was_thought(loopback: Loopback, aggregator: Any) -> None:
    loopback.default = lambda body: Reply(THOUGHT + f"It is {'48' if body['model'] < 'c' else '50'}.")

    result = await create_moa(proposers=["a", "b", "c"], aggregator=aggregator, resolve=loopback.resolve).ainvoke(SUM)

    assert all("SECRET" not in request.prompt for request in loopback.requests)
    assert "SECRET" not in result["messages"][-1].text


async def test_a_judge_and_a_ranker_may_think_first(loopback: Loopback) -> None:
    loopback.say("judge", THOUGHT + '{"groups": [[1, 2, 3]]}')
    judge = judge_agreement("judge", resolve=loopback.resolve)
    proposers = panel("Paris it is.", "It is Paris", "Well, Paris!")
    judged = create_moa(proposers=proposers, aggregator=says("Paris."), early_stop=EarlyStop(agreement=judge), layers=3)

    assert (await judged.ainvoke(WHERE))["run"]["stopped"] == "agreed"

    loopback.say("ranker", '<think>\nAt first sight {"best": [1]} but let me look again')
    ranked = create_ranker(proposers=panel("It is 46.", "It is 48."), ranker="ranker", resolve=loopback.resolve)
    result = await ranked.ainvoke(SUM)
    assert result["run"]["aggregators"][0]["status"] == "empty"
    loopback.say("ranker", THOUGHT + '{"best": [2]}')
    assert (await ranked.ainvoke(SUM))["run"]["aggregators"][0]["status"] == "ok"


async def test_how_much_of_an_answer_was_thinking_is_told(loopback: Loopback) -> None:
    usage = {
        **USAGE,
        "completion_tokens": 200,
        "total_tokens": 210,
        "completion_tokens_details": {"reasoning_tokens": 198},
    }
    loopback.say("thinks", Reply("", finish_reason="length", usage=usage))

    result = await create_moa(
        proposers=["thinks", says("48")], aggregator=says("48"), resolve=loopback.resolve
    ).ainvoke(SUM)

    assert result["proposals"][0]["status"] == "empty"
    assert "reasoning took 198 of 200 tokens" in result["proposals"][0]["error"]


PARTS: dict[str, Any] = {
    "output": [{"type": "output", "text": "It is 48."}],
    "output_text": [{"type": "output_text", "text": "It is 48."}],
    "no type": [{"text": "It is 48."}],
    "text": [{"type": "text", "text": "It is "}, {"type": "text", "text": "48."}],
    "after thinking": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "SECRET"}]}, {"type": "text", "text": "It is 48."}
    ],
    "reasoning": [{"type": "reasoning", "text": "SECRET"}, {"type": "text", "text": "It is 48."}],
}  # fmt: skip


@pytest.mark.parametrize("content", PARTS.values(), ids=PARTS)
@MODELS
async def test_parts_of_any_type_that_hold_text_are_read(loopback: Loopback, model: Makes, content: Any) -> None:
    loopback.default = Reply(content=content)

    result = await create_moa(proposers=["a"], aggregator="last", resolve=by_name(loopback, model)).ainvoke(SUM)

    assert result["proposals"][0]["text"] == "It is 48."
    assert result["messages"][-1].content == "It is 48."
    assert "SECRET" not in repr(result["messages"])


SEEN_BY_NOBODY = [
    "\u200b\u200b",
    "\x00",
    "\ufeff \u2060",
    "\u00ad\u200e",
    "\u3164",
    "\u2800\u2800",
    "\U000e0041",
    " \n",
]


@pytest.mark.parametrize("text", SEEN_BY_NOBODY, ids=ascii)
@MODELS
async def test_a_text_that_nobody_sees_is_empty(loopback: Loopback, model: Makes, text: str) -> None:
    loopback.say("a", text)

    result = await create_moa(
        proposers=["a", says("48")], aggregator=says("48"), resolve=by_name(loopback, model)
    ).ainvoke(SUM)

    assert [p["status"] for p in result["proposals"]] == ["empty", "ok"]


@MODELS
@STREAMED
@APIS
async def test_lone_surrogates_break_nothing(loopback: Loopback, model: Makes, api: str, *, streamed: bool) -> None:
    loopback.default = Reply("smile \ud83d end")
    moa = create_moa(proposers=["a", "b"], aggregator="last", resolve=by_name(loopback, model))

    first = await asked(moa, api, streamed=streamed, given={"messages": [("user", "what is \udcff 12*4?")]})
    history = [*first["messages"], ("user", "and \ud83d now?")]
    second = await asked(moa, api, streamed=streamed, given={"messages": history})

    for result in (first, second):
        json.dumps(result["messages"][-1].text, ensure_ascii=False).encode()
        assert result["messages"][-1].text == "smile \ufffd end"
        assert result["run"]["degraded"] is None


NONSENSE = "word " * 32_000


@MODELS
@STREAMED
async def test_long_nonsense_is_shown_to_nobody(loopback: Loopback, model: Makes, *, streamed: bool) -> None:
    nonsense = Reply(NONSENSE, events=[*words(NONSENSE), piece({}, "stop"), DONE])
    loopback.say("a", nonsense)
    loopback.say("b", "It is 48.")
    loopback.say("last", nonsense)

    result = await asked(
        create_moa(proposers=["a", "b"], aggregator="last", resolve=by_name(loopback, model)),
        "async",
        streamed=streamed,
    )

    assert [p["status"] for p in result["proposals"]] == ["degenerate", "ok"]
    assert len(loopback.asked("last")[0].prompt) < 10_000
    assert result["run"]["aggregators"][0]["status"] == "degenerate"
    assert result["messages"][-1].text == "It is 48."
