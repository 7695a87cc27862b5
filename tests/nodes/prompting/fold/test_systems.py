"""What is sold as a bounded context is one, by references and by tokens."""

import json
from collections import Counter
from itertools import count
from typing import Any

import pytest
from langgraph_moa import (
    Budget,
    create_debate,
    create_grouped_moa,
    create_self_moa_seq,
)
from loopback import Loopback, Reply
from reading import QUESTION, references_in
from windows import WINDOW, joining, read_by, tokens, words


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
