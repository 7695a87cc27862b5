"""References that do not fit a window are read in several, and no prompt is longer than what its reader holds."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.retrievers import BaseRetriever
from langgraph_moa import (
    Aggregator,
    ChatMoA,
    Proposer,
    create_moa,
    create_rag_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.prompting.fold import fold
from langgraph_moa.nodes.prompting.prompt import Prompt
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, references_in
from running import APIS, run
from windows import CUT, WINDOW, authors, joining, mixture, read_by, tokens, words


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


async def test_one_prompt_is_enough_where_all_of_them_fit(loopback: Loopback) -> None:
    result = await mixture(loopback, aggregator=Aggregator("last", context_tokens=5_000)).ainvoke(QUESTION)

    assert read_by(loopback) == [[f"m{n}" for n in range(8)]]
    assert result["run"]["notes"] == []


async def test_they_are_shortened_where_that_is_asked_for(loopback: Loopback) -> None:
    result = await mixture(loopback, overflow="cut").ainvoke(QUESTION)

    assert read_by(loopback) == [[f"m{n}" for n in range(8)]]
    assert max(map(tokens, loopback.asked("last"))) <= WINDOW
    assert result["run"]["notes"] == [
        "aggregator last: 8 references or passages were shortened to fit its window or evidence_tokens"
    ]


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
    assert result["run"]["usage"]["total_tokens"] == loopback.tokens_billed


async def test_only_the_last_window_is_streamed(loopback: Loopback) -> None:
    moa = mixture(loopback)
    said: dict[str, str] = {}
    async for message, _ in moa.astream(QUESTION, stream_mode="messages"):
        said[message.id] = said.get(message.id, "") + message.text

    last = len(loopback.asked("last"))
    assert last > 2
    assert list(filter(None, said.values())) == [words(f"last-{last}", 400)]


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


@given(sizes=SIZES, window=st.integers(900, 3_000), own=st.integers(20, 2_000))
def test_no_window_is_overfull_whatever_the_sizes(sizes: list[int], window: int, own: int) -> None:
    """Where not even shortened references fit, four bytes count as a token: `brief` says so."""
    folded(sizes, window, own, rate=4)


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
