"""References that do not fit a window are read in several, and no prompt is longer than what its reader holds."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.retrievers import BaseRetriever
from langgraph_moa import (
    Aggregator,
    Budget,
    BudgetExceeded,
    ChatMoA,
    Proposer,
    Quorum,
    create_debate,
    create_grouped_moa,
    create_moa,
    create_rag_moa,
    create_self_moa_seq,
    estimate,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.calls.fold import fold
from langgraph_moa.nodes.calls.prompt import Prompt
from loopback import Loopback, Reply, Request
from panels import says
from reading import QUESTION, references_in
from running import APIS, run

WINDOW = 1_200
"""Tokens that hold the instructions and a few references of 600 bytes."""
CUT = "shortened here to fit"


def tokens(request: Request) -> int:
    """Count a prompt as the package does to fit a window: three bytes a token, and a little around each message."""
    return sum(8 + -(-len(m["content"].encode()) // 3) for m in request.messages)


def words(author: str, size: int = 600) -> str:
    """Return a text of so many bytes that names its author, and nobody else."""
    return f"[{author}] " + "word " * ((size - len(author) - 3) // 5)


def authors(text: str) -> list[str]:
    return re.findall(r"\[([\w-]+)\]", text)


def joining(server: Loopback, model: str = "last", size: int = 400) -> None:
    """Let a model number its answers."""
    numbers = count(1)
    server.say(model, lambda body: Reply(words(f"{model}-{next(numbers)}", size)))


def mixture(server: Loopback, size: int = 8, **options: Any) -> Any:
    names = [f"m{n}" for n in range(size)]
    for name in names:
        server.say(name, words(name))
    joining(server)
    defaults: dict[str, Any] = {"proposers": names, "aggregator": Aggregator("last", context_tokens=WINDOW)}
    defaults |= {"early_stop": None, "resolve": server.resolve}
    return create_moa(**{**defaults, **options})


def read_by(server: Loopback, model: str = "last") -> list[list[str]]:
    """Return whose references each call of a model held."""
    return [[authors(text)[0] for text in references_in(r.messages[-1]["content"])] for r in server.asked(model)]


@APIS
async def test_no_prompt_is_longer_than_the_window_and_every_reference_is_read_once(
    loopback: Loopback, api: str
) -> None:
    moa = mixture(loopback)

    result = await run(moa, api, QUESTION)

    windows = read_by(loopback)
    assert len(windows) > 2
    assert max(map(tokens, loopback.asked("last"))) <= WINDOW
    assert CUT not in "".join(r.prompt for r in loopback.requests)
    assert [name for window in windows for name in window if not name.startswith("last")] == [f"m{n}" for n in range(8)]
    assert [window[0] for window in windows[1:]] == [f"last-{n}" for n in range(1, len(windows))]
    assert result["messages"][-1].text == words(f"last-{len(windows)}", 400)
    assert result["run"]["notes"] == [
        f"aggregator last: its references did not fit its window, and were read in {len(windows)} parts"
    ]
    assert (result["run"]["degraded"], result["run"]["stopped"]) == (None, "completed")


async def test_what_it_took_is_counted(loopback: Loopback) -> None:
    result = await mixture(loopback).ainvoke(QUESTION)

    run = result["run"]
    assert run["calls"] == len(loopback.requests)
    assert run["usage"]["total_tokens"] == sum(usage["total_tokens"] for usage in loopback.billed)
    assert len(run["aggregators"]) == len(loopback.asked("last"))
    assert [call["windows"] for call in run["aggregators"]] == [1] * (len(run["aggregators"]) - 1) + [
        len(run["aggregators"])
    ]


async def test_one_prompt_is_enough_where_all_of_them_fit(loopback: Loopback) -> None:
    result = await mixture(loopback, aggregator=Aggregator("last", context_tokens=5_000)).ainvoke(QUESTION)

    assert read_by(loopback) == [[f"m{n}" for n in range(8)]]
    assert result["run"]["notes"] == []


async def test_they_are_shortened_where_that_is_asked_for(loopback: Loopback) -> None:
    result = await mixture(loopback, overflow="cut").ainvoke(QUESTION)

    assert read_by(loopback) == [[f"m{n}" for n in range(8)]]
    assert max(map(tokens, loopback.asked("last"))) <= WINDOW
    assert result["run"]["notes"] == ["aggregator last: 8 references or passages were shortened to fit its window"]


@pytest.mark.parametrize("failure", [Reply(""), Reply(status=500), Reply("no", finish_reason="content_filter")])
@pytest.mark.parametrize("at", [1, 2])
async def test_where_a_window_fails_what_is_left_is_shortened(loopback: Loopback, failure: Reply, at: int) -> None:
    moa = mixture(loopback)
    numbers = count(1)

    def script(body: dict[str, Any]) -> Reply:
        number = next(numbers)
        return failure if number == at else Reply(words(f"last-{number}", 400))

    loopback.say("last", script)
    result = await moa.ainvoke(QUESTION)

    windows = read_by(loopback)
    assert len(windows) == at + 1
    read = [] if at == 1 else windows[0]
    assert windows[-1] == [*(["last-1"] if read else []), *(f"m{n}" for n in range(len(read), 8))]
    assert max(map(tokens, loopback.asked("last"))) <= WINDOW
    assert result["messages"][-1].text == words(f"last-{at + 1}", 400)
    assert "references were shortened or not read, for a window failed" in result["run"]["degraded"]
    assert result["run"]["calls"] == len(loopback.requests)


async def test_the_next_aggregator_folds_for_itself(loopback: Loopback) -> None:
    chain = [Aggregator("down", context_tokens=WINDOW), Aggregator("last", context_tokens=WINDOW)]
    loopback.say("down", Reply(status=500))

    result = await mixture(loopback, aggregator=chain).ainvoke(QUESTION)

    assert len(read_by(loopback, "down")) == 2  # a window, then all of them in one call
    assert [name for w in read_by(loopback) for name in w if name[0] == "m"] == [f"m{n}" for n in range(8)]
    assert "aggregator down: error" in result["run"]["degraded"]


@pytest.mark.parametrize("samples", [1, 3])
async def test_proposers_of_later_layers_fold_too(loopback: Loopback, samples: int) -> None:
    reader = Proposer("reader", context_tokens=WINDOW, samples=samples)
    names = [f"m{n}" for n in range(8)]
    joining(loopback, "reader")
    moa = mixture(loopback, proposers=[names, [reader]], aggregator="last")

    result = await moa.ainvoke(QUESTION)

    windows, counted = read_by(loopback, "reader"), [r.n for r in loopback.asked("reader")]
    assert max(map(tokens, loopback.asked("reader"))) <= WINDOW
    assert [name for window in windows for name in window if name[0] == "m"] == names
    assert counted == [1] * (len(windows) - 1) + [samples]
    assert (
        f"reader{'/1' if samples > 1 else ''} (layer 2): its references did not fit its window, and were read in "
        f"{len(windows)} parts"
    ) in result["run"]["notes"]
    assert result["run"]["calls"] == len(loopback.requests)
    assert result["run"]["usage"]["total_tokens"] == sum(usage["total_tokens"] for usage in loopback.billed)


async def test_only_the_last_window_is_streamed(loopback: Loopback) -> None:
    moa = mixture(loopback)
    said: dict[str, str] = {}
    async for message, _ in moa.astream(QUESTION, stream_mode="messages"):
        said[message.id] = said.get(message.id, "") + message.text

    last = len(loopback.asked("last"))
    assert last > 2
    assert list(filter(None, said.values())) == [words(f"last-{last}", 400)]


@pytest.mark.parametrize("calls", range(8, 15))
async def test_a_budget_of_calls_is_never_exceeded_and_never_spent_on_windows_alone(
    loopback: Loopback, calls: int
) -> None:
    result = await mixture(loopback, budget=Budget(calls=calls)).ainvoke(QUESTION)

    assert len(loopback.requests) == result["run"]["calls"] <= calls
    assert max([0, *map(tokens, loopback.asked("last"))]) <= WINDOW
    assert result["messages"][-1].text.startswith("[last-" if calls > 8 else "[m0")
    if calls == 8 or len(read_by(loopback)[-1]) == 8:  # it had to read them at once
        assert result["run"]["stopped"] == "budget"


async def test_windows_of_a_proposer_share_the_seconds_of_the_budget(loopback: Loopback) -> None:
    def script(body: dict[str, Any]) -> Reply:
        return Reply(words("reader")) if len(loopback.asked("reader")) == 1 else Reply(broken="hang")

    loopback.say("reader", script)
    names, reader = [f"m{n}" for n in range(8)], Proposer("reader", context_tokens=WINDOW)

    moa = mixture(loopback, proposers=[names, [reader]], aggregator="last", budget=Budget(seconds=2))
    result = await moa.ainvoke(QUESTION)

    assert len(loopback.asked("reader")) == 2
    last = result["proposals"][-1]
    assert (last["status"], last["calls"], last["text"]) == ("ok", 2, words("reader"))
    assert "reader: the one before stands for it: cancelled" in result["run"]["degraded"] or "skipped" in last["error"]
    assert result["run"]["stopped"] == "budget"


async def test_a_quorum_cuts_one_who_still_folds(loopback: Loopback) -> None:
    names = [f"m{n}" for n in range(8)]
    loopback.say("reader", Reply(words("reader"), delay=0.5))
    second = [Proposer("reader", context_tokens=WINDOW), *names]

    result = await mixture(loopback, proposers=[names, second], aggregator="last", quorum=Quorum(8)).ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"][8:]] == ["cancelled", *["ok"] * 8]
    assert len(loopback.asked("reader")) == 1  # the others had answered long before


async def test_what_a_proposers_window_had_to_shorten_is_told(loopback: Loopback) -> None:
    sizes = [300, 300, 9_000, 300]
    names = [f"m{n}" for n in range(4)]
    reader = Proposer("reader", context_tokens=WINDOW)
    joining(loopback, "reader")
    moa = mixture(loopback, proposers=[names, [reader]], aggregator="last")
    for name, size in zip(names, sizes, strict=True):
        loopback.say(name, words(name, size))

    result = await moa.ainvoke(QUESTION)

    assert max(map(tokens, loopback.asked("reader"))) <= WINDOW
    assert CUT in "".join(r.prompt for r in loopback.asked("reader"))
    assert any("shortened" in note for note in result["run"]["notes"])


@pytest.mark.parametrize("limit", range(2_000, 9_000, 500))
@pytest.mark.parametrize("where", ["aggregator", "proposer"])
async def test_a_budget_of_tokens_is_never_exceeded(loopback: Loopback, limit: int, where: str) -> None:
    joining(loopback, "reader")
    names = [f"m{n}" for n in range(8)]
    reader = Proposer("reader", context_tokens=WINDOW + 200, max_tokens=200)
    layers: Any = [names, [reader]] if where == "proposer" else names
    last = Aggregator("last", context_tokens=WINDOW + 200, max_tokens=200)

    moa = mixture(loopback, proposers=layers, aggregator=last, max_tokens=200, budget=Budget(tokens=limit))
    try:
        result = await moa.ainvoke(QUESTION)
    except BudgetExceeded:
        assert loopback.requests == []
        return

    assert sum(usage["total_tokens"] for usage in loopback.billed) == result["run"]["usage"]["total_tokens"] <= limit
    assert result["messages"][-1].text


async def test_the_estimate_bounds_all_windows(loopback: Loopback) -> None:
    joining(loopback, "reader")
    names = [f"m{n}" for n in range(8)]
    reader = Proposer("reader", context_tokens=WINDOW + 200)
    moa = mixture(loopback, proposers=[names, [reader, *names]], max_tokens=200)

    bound: Any = estimate(moa, "Which?")
    await moa.ainvoke(QUESTION)

    assert len(loopback.requests) <= bound["calls"]
    assert sum(usage["total_tokens"] for usage in loopback.billed) <= bound["tokens"]


async def test_only_the_last_window_of_a_proposer_is_streamed_where_proposals_are(loopback: Loopback) -> None:
    joining(loopback, "reader")
    reader = Proposer("reader", context_tokens=WINDOW)
    layers = [[f"m{n}" for n in range(6)], [reader]]
    moa = mixture(loopback, proposers=layers, aggregator="end", stream_proposals=True)
    said: dict[str, str] = {}
    async for message, _ in moa.astream(QUESTION, stream_mode="messages"):
        said[message.id] = said.get(message.id, "") + message.text

    windows = len(loopback.asked("reader"))
    assert windows > 1
    assert [text for text in said.values() if "reader" in text] == [words(f"reader-{windows}", 400)]


def look(at: str) -> str:
    """Look at something."""
    return at


async def test_a_window_that_calls_a_tool_loses_no_reference(loopback: Loopback) -> None:
    moa = mixture(loopback)
    numbers = count(1)

    def script(body: dict[str, Any]) -> Reply:
        if body.get("tools") and next(numbers) == 1:
            return Reply("", tool_calls=[("look", {"at": "it"})])
        return Reply(words("last-x", 400))

    loopback.say("last", script)
    await ChatMoA(moa).bind_tools([look]).ainvoke("Which?")

    windows = read_by(loopback)
    read = [name for window in windows for name in window if name.startswith("m")]
    assert {*read} == {f"m{n}" for n in range(8)}
    assert max(map(tokens, loopback.asked("last"))) <= WINDOW
    # Whoever answers has read everything: a window's answer, or the references themselves.
    assert len(windows[-1]) == 8 or windows[-1][0].startswith("last")


class Finds(BaseRetriever):
    """Find the same long passages for every question."""

    passages: int
    size: int

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [
            Document("fact " * (self.size // 5), metadata={"source": f"{n}.md"}, id=str(n))
            for n in range(self.passages)
        ]


@pytest.mark.parametrize(("passages", "size"), [(4, 8_000), (12, 3_000), (1, 60)])
async def test_evidence_that_does_not_fit_is_shortened_and_not_read_in_windows_for_ever(
    loopback: Loopback, passages: int, size: int
) -> None:
    names = [f"m{n}" for n in range(6)]
    for name in names:
        loopback.say(name, words(name))
    joining(loopback)
    moa = create_rag_moa(
        retrievers=[Finds(passages=passages, size=size)],
        proposers=[Proposer(name, context_tokens=50_000) for name in names],
        aggregator=Aggregator("last", context_tokens=2_500),
        early_stop=None,
        resolve=loopback.resolve,
    )

    result = await moa.ainvoke(QUESTION)

    assert len(loopback.asked("last")) <= len(names) - 1
    assert max(map(tokens, loopback.asked("last"))) <= 2_500
    read = [name for window in read_by(loopback) for name in window]
    assert {name for name in read if name[0] == "m"} == {*names}
    assert result["run"]["stopped"] == "completed"


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=30), room=st.integers(30, 500), grows=st.integers(1, 300)
)
def test_every_reference_is_read_once_whatever_their_sizes(sizes: list[int], room: int, grows: int) -> None:
    """Written over a pretended window, in which `room` letters fit."""
    texts = [chr(0x4E00 + n) * size for n, size in enumerate(sizes)]
    asked: list[list[str]] = []

    def write(window: Any) -> Prompt:
        total = sum(map(len, window))
        cut = len(window) if total > room else 0
        return Prompt([AIMessage(json.dumps([*window]))], references_cut=cut, folds=max(len(window) - 2, 0) * (cut > 0))

    async def ask(window: Sequence[str]) -> str:
        asked.append([*window])
        return "x" * grows

    prompt, windows, *_ = asyncio.run(fold(write(texts), texts, write, ask))
    last = json.loads(prompt.messages[0].text)

    assert windows == len(asked) + 1
    assert windows <= max(len(texts) - 1, 1)
    read = [text for window in [*asked, last] for text in window if text[0] != "x"]
    assert read == texts
    assert all(len(window) >= 2 for window in asked)
    assert all(sum(map(len, window)) <= room or len(window) == 2 for window in asked)
    assert prompt.folds == 0
    assert [window[0][0] for window in [*asked, last][1:]] == ["x"] * len(asked)


SIZES = st.lists(st.integers(20, 3_000), min_size=2, max_size=12)


def folded(sizes: list[int], window: int, own: int, rate: int) -> None:
    numbers = count(1)
    names = [f"m{n}" for n in range(len(sizes))]
    panel = [
        ScriptedModel(script=words(name, size), name_of_model=name) for name, size in zip(names, sizes, strict=True)
    ]
    last = ScriptedModel(script=lambda messages: words(f"last-{next(numbers)}", own), name_of_model="last")
    aggregator = Aggregator(last, context_tokens=window)

    result = create_moa(proposers=panel, aggregator=aggregator, early_stop=None).invoke(QUESTION)

    for messages in last.asked:
        assert sum(8 + -(-len(m.text.encode()) // rate) for m in messages) <= window
    read = Counter(authors(text)[0] for messages in last.asked for text in references_in(messages[-1].text))
    assert {name: read[name] for name in names} == dict.fromkeys(names, 1)
    assert result["run"]["degraded"] is None
    assert result["run"]["calls"] == len(names) + len(last.asked)


@settings(max_examples=40, deadline=None)
@given(sizes=SIZES, window=st.integers(900, 3_000), own=st.integers(20, 2_000))
def test_no_window_is_overfull_whatever_the_sizes(sizes: list[int], window: int, own: int) -> None:
    """Where not even shortened references fit, four bytes count as a token: `brief` says so."""
    folded(sizes, window, own, rate=4)


# What is sold as a bounded context is one, by references and by tokens.


@pytest.mark.parametrize("n", ["taken", "refused"])
@pytest.mark.parametrize(("samples", "window"), [(60, 6), (13, 2), (16, 7)])
async def test_self_moa_seq_never_shows_more_than_its_window(
    loopback: Loopback, samples: int, window: int, n: str
) -> None:
    loopback.refuses_n = 400 if n == "refused" else None
    numbers = count(1)

    def script(body: dict[str, Any]) -> Reply:
        kind = "best" if "<reference-" in json.dumps(body) else "fresh"
        return Reply(words(f"{kind}-{next(numbers)}"))

    loopback.say("m", script)
    moa = create_self_moa_seq(model="m", samples=samples, window=window, resolve=loopback.resolve)

    result = await moa.ainvoke(QUESTION)

    windows = [w for w in read_by(loopback, "m") if w]
    longest = 3_500 if window == 7 else 3_000
    assert max(map(len, windows)) == window
    assert max(map(tokens, loopback.requests)) <= longest
    read = [name for w in windows for name in w]
    assert len([name for name in read if name.startswith("fresh")]) == len({*read} - {x for x in read if x[0] == "b"})
    assert len([name for name in read if name.startswith("fresh")]) == samples
    assert [sum(name.startswith("best") for name in w) for w in windows] == [0] + [1] * (len(windows) - 1)
    assert result["run"]["degraded"] is None


@pytest.mark.parametrize("samples", [1, 2])
async def test_a_grouped_mixture_never_shows_more_than_its_group(loopback: Loopback, samples: int) -> None:
    names = [f"m{n}" for n in range(30)]
    group = 6 * samples
    numbers = count(1)
    for name in names:
        loopback.say(name, lambda body, name=name: Reply(words(f"{name}-{next(numbers)}")))
    joining(loopback, size=600)
    moa = create_grouped_moa(
        proposers=names,
        aggregator="last",
        group=group,
        samples=samples,
        resolve=loopback.resolve,
    )

    result = await moa.ainvoke(QUESTION)

    windows = read_by(loopback)
    assert max(map(len, windows)) == group
    assert max(map(tokens, loopback.requests)) <= 800 + group * 230
    read = Counter(name for w in windows for name in w)
    assert {*read.values()} == {1}
    assert sum(name[0] == "m" for name in read) == 30 * samples
    assert result["run"]["degraded"] is None


async def test_a_grouped_mixture_whose_proposers_agree_shows_no_more_either(loopback: Loopback) -> None:
    loopback.default = lambda body: Reply(f"[{body['model']}]\nFinal answer: 12")
    moa = create_grouped_moa(proposers=[f"m{n}" for n in range(30)], aggregator="last", resolve=loopback.resolve)

    await moa.ainvoke(QUESTION)

    assert max(map(len, read_by(loopback))) == 6


@pytest.mark.parametrize("why", ["failed", "budget"])
async def test_a_grouped_mixture_that_falls_back_shows_no_more_either(loopback: Loopback, why: str) -> None:
    numbers = count(1)
    if why == "failed":
        loopback.say("last", lambda body: Reply(status=500) if next(numbers) <= 5 else Reply("the answer"))
    moa = create_grouped_moa(
        proposers=[f"m{n}" for n in range(30)],
        aggregator="last",
        budget=Budget(calls=32) if why == "budget" else None,
        resolve=loopback.resolve,
    )

    await moa.ainvoke(QUESTION)

    assert max(len(references_in(r.messages[-1]["content"])) for r in loopback.asked("last")) == 6


async def test_a_debate_in_a_small_window_goes_on(loopback: Loopback) -> None:
    names = [f"m{n}" for n in range(6)]
    for name in names:
        loopback.say(name, words(name, 500))

    result = await create_debate(proposers=names, rounds=4, context_tokens=WINDOW, resolve=loopback.resolve).ainvoke(
        QUESTION
    )

    assert max(map(tokens, loopback.requests)) <= WINDOW
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 24


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


def test_what_came_of_windows_is_the_answer_where_the_last_call_fails() -> None:
    numbers = count(1)

    def script(messages: Any) -> str:
        if (number := next(numbers)) >= 3:
            raise ValueError("down")
        return f"merged {number}"

    panel = [says(f"p{n}", f"p{n}") for n in range(4)]
    result = create_moa(proposers=panel, aggregator=says(script, "last"), window=2, early_stop=None).invoke(QUESTION)

    assert result["messages"][-1].text == "merged 2"
    assert result["run"]["stopped"] == "fell_back"
    assert "the answer is what came of the first windows of references" in result["run"]["degraded"]


async def test_windows_are_asked_without_the_tools_and_the_form_of_the_answer(loopback: Loopback) -> None:
    schema = {"title": "N", "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    moa = mixture(loopback)
    loopback.say("last", lambda b: Reply("", tool_calls=[("N", {"n": 3})]) if b.get("tools") else Reply(words("w")))

    found = await ChatMoA(moa).with_structured_output(schema, method="function_calling").ainvoke("Which?")

    asked = loopback.asked("last")
    assert found == {"n": 3}
    assert [bool(r.body.get("tools")) for r in asked] == [*[False] * (len(asked) - 1), True]
    assert len(asked) > 2


def test_what_a_skipped_proposers_windows_cost_is_in_the_sum() -> None:
    numbers = count(1)

    def script(messages: Any) -> str:
        if next(numbers) == 2:
            raise ValueError("down")
        return "merged"

    panel = [says(f"p{n}", f"p{n}") for n in range(5)]
    second = [says(script, "reader")]
    result = create_moa(proposers=[panel, second], aggregator=says("done", "last"), window=2, early_stop=None).invoke(
        QUESTION
    )

    asked = sum(len(model.asked) for model in [*panel, *second])
    assert result["run"]["calls"] == asked + 1
    assert "reader: not all was read: " in result["run"]["degraded"]
