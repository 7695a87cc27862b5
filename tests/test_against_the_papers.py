"""Each system, and a plain version of its paper's definition, make the same calls and give the same answer.

The plain versions know nothing of this package: they are the papers' definitions over `openai.AsyncOpenAI`. Calls are
compared by what they hold - the conversation, references, what was said before - and never by anyone's words around it.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import openai
import pytest
from langgraph_moa import (
    create_best_of_n,
    create_debate,
    create_grouped_moa,
    create_moa,
    create_ranker,
    create_self_moa,
    create_self_moa_seq,
    create_single,
    create_smoa,
    create_vote,
)
from langgraph_moa.prompts import bundled
from loopback import Loopback, Reply
from reading import references_in

MODELS = [f"proposer-{n}" for n in range(6)]
CONVERSATION: list[Any] = [
    {"role": "system", "content": "You are a geographer."},
    {"role": "user", "content": "Name a river in Peru."},
    {"role": "assistant", "content": "The Ucayali."},
    {"role": "user", "content": "Another one.\n1. Not the Ucayali\n2. Nor the Huallaga"},
]
Turn = tuple[str, tuple[str, ...]]
"""What was told after the conversation: `reference`s, `proposal`s to choose from, or what a model `said` itself."""
_PLAIN = "\x1d{kind}\x1d{texts}"


class Called(NamedTuple):
    """Be what one call holds."""

    model: str
    conversation: str
    turns: tuple[Turn, ...]
    n: int
    temperature: float | None
    max_tokens: int | None
    others: tuple[Any, ...]

    @property
    def anyhow(self) -> "Called":
        """Forget the order in which proposals are shown to one who chooses: it is shuffled."""
        turns = tuple((kind, tuple(sorted(texts)) if kind == "proposal" else texts) for kind, texts in self.turns)
        return self._replace(turns=turns)


def turn_of(message: dict[str, Any]) -> Turn | None:
    if message["role"] == "assistant":
        return "said", (message["content"],)
    for kind in ("reference", "proposal"):
        if found := references_in(message["content"], kind):
            return kind, tuple(found)
    plain = re.fullmatch("\x1d(\\w+)\x1d(.*)", message["content"], re.DOTALL)
    return (plain[1], tuple(plain[2].split("\x1e"))) if plain else None


def called(body: dict[str, Any]) -> Called:
    first, *between, last = body["messages"][: len(CONVERSATION)]
    asked, note = CONVERSATION[-1]["content"], f"\n\n{bundled('mark').text}"
    # What is told with the question stands in one message with it.
    told = [last] if last["content"] != asked and asked in last["content"] else []
    conversation = [{**first, "content": first["content"].removesuffix(note)}, *between, {**last, "content": asked}]
    turns = [turn_of(message) for message in [*told, *body["messages"][len(CONVERSATION) :]]]
    return Called(
        body["model"],
        json.dumps(conversation, sort_keys=True),
        tuple(turn for turn in turns if turn),
        body.get("n") or 1,
        body.get("temperature"),
        body.get("max_tokens"),
        tuple(body.get(name) or None for name in ("top_p", "stop", "tools", "response_format", "stream")),
    )


def scripted(server: Loopback, *, stop: bool = True) -> None:
    """Let the same call get the same answer, whoever makes it, and another one each time that it is made again."""
    times: Counter[Called] = Counter()
    server.requests.clear()

    def answer(body: dict[str, Any]) -> Reply:
        call = called(body)
        times[call.anyhow] += 1
        if call.model in ("ranker", "moderator"):
            ((_, shown),) = call.turns
            best = sorted(range(len(shown)), key=lambda n: sha256(shown[n].encode()).hexdigest())
            enough = stop and any("round 2" in text for text in shown)
            return Reply(f"Let me see. {json.dumps({'best': [n + 1 for n in best[:3]], 'stop': enough})}")
        digest = sha256(repr((call.anyhow, times[call.anyhow])).encode()).hexdigest()
        heard = sum(kind == "reference" for kind, _ in call.turns)
        final = 40 + (MODELS.index(call.model) if call.model in MODELS else int(digest[:2], 16)) % 2
        return Reply(f"{call.model}, {digest[:8]}, round {heard + 1}.\n1. Marañón\n2. Urubamba\nFinal answer: {final}")

    server.default = answer


class Plain:
    """Ask as a paper's own code would."""

    def __init__(self, url: str) -> None:
        plain = openai.DefaultAsyncHttpxClient(verify=False)  # certificates take longer to load than all its answers
        self.client = openai.AsyncOpenAI(base_url=url, api_key="k", http_client=plain)

    async def ask(self, model: str, *turns: Turn, n: int = 1) -> list[str]:
        told: list[Any] = [
            {"role": "assistant", "content": texts[0]}
            if kind == "said"
            else {"role": "user", "content": _PLAIN.format(kind=kind, texts="\x1e".join(texts))}
            for kind, texts in turns
        ]
        several: Any = {"n": n} if n > 1 else {}
        reply = await self.client.chat.completions.create(
            model=model, messages=[*CONVERSATION, *told], temperature=0.7, max_tokens=512, **several
        )
        return [str(choice.message.content) for choice in reply.choices]

    async def all(self, models: Sequence[str], *turns: Turn) -> list[str]:
        return [text for (text,) in await asyncio.gather(*(self.ask(model, *turns) for model in models))]

    async def best(self, model: str, proposals: Sequence[str]) -> list[Any]:
        (said,) = await self.ask(model, ("proposal", tuple(proposals)))
        verdict = json.loads(said[said.index("{") :])
        return [[proposals[n - 1] for n in verdict["best"]], verdict["stop"]]


def reference(texts: Sequence[str]) -> Turn:
    return "reference", tuple(texts)


async def moa(p: Plain, layers: int = 3, last: str = "aggregator") -> str:
    """y_i = synthesis over j of A_ij(x_i), + x_1;  x_(i+1) = y_i."""
    texts = await p.all(MODELS)
    for _ in range(layers - 2):
        texts = await p.all(MODELS, reference(texts))
    return (await p.ask(last, reference(texts)))[0]


async def single(p: Plain) -> str:
    return (await p.ask("m"))[0]


async def sampled(p: Plain, last: str) -> str:
    return (await p.ask(last, reference(await p.ask("m", n=6))))[0]


async def sequential(p: Plain, samples: int, window: int) -> str:
    """The first window is aggregated, then what came of it and fresh samples, until they are used up."""
    best, left = await p.ask("m", n=min(window, samples)), samples - window
    best = await p.ask("m", reference(best))
    while left > 0:
        fresh = await p.ask("m", n=min(window - 1, left))
        best, left = await p.ask("m", reference([*best, *fresh])), left - len(fresh)
    return best[0]


async def ranked(p: Plain) -> str:
    return str((await p.best("ranker", await p.all(MODELS)))[0][0])


async def best_of_n(p: Plain) -> str:
    return str((await p.best("ranker", await p.ask("m", n=6)))[0][0])


def majority(texts: Sequence[str]) -> str:
    ((final, _),) = Counter(text.rpartition(": ")[2] for text in texts).most_common(1)
    return final


async def voted(p: Plain) -> str:
    return majority(await p.all([*MODELS, "proposer-0b"]))


async def self_consistent(p: Plain) -> str:
    return majority(await p.ask("m", n=9))


async def debated(p: Plain, rounds: int) -> str:
    """Each agent's messages accumulate: the question, its answer, the others' last answers, its next answer, ..."""
    agents = MODELS[:3]
    contexts: list[list[Turn]] = [[] for _ in agents]
    said: list[str] = []
    for round_ in range(rounds):
        if round_:
            for me, context in enumerate(contexts):
                context.append(reference([text for other, text in enumerate(said) if other != me]))
        told = await asyncio.gather(*(p.ask(agent, *turns) for agent, turns in zip(agents, contexts, strict=True)))
        said = [text for (text,) in told]
        for context, text in zip(contexts, said, strict=True):
            context.append(("said", (text,)))
    return majority(said)


async def moderated(p: Plain, layers: int) -> str:
    """A moderator keeps the best of each layer, and says when no more are needed."""
    kept: list[str] = []
    for _ in range(layers - 1):
        texts = await p.all(MODELS, *([reference(kept)] if kept else []))
        best, stop = await p.best("moderator", texts)
        kept = [text for text in texts if text in best]
        if stop:
            break
    return (await p.ask("aggregator", reference(kept)))[0]


async def grouped(p: Plain) -> str:
    texts = await p.all(MODELS)
    parts = [texts[:3], texts[3:]]
    answers = await asyncio.gather(*(p.ask("aggregator", reference(part)) for part in parts))
    return (await p.ask("aggregator", reference([text for (text,) in answers])))[0]


class System(NamedTuple):
    """Be a paper's system, and ours."""

    plain: Callable[[Plain], Awaitable[str]]
    create: Callable[..., Any]
    calls: int
    decides_by: str = "words"
    """A vote returns one of those who said the same; the others, word for word what the plain version does."""


ALL_SIX: Any = {"proposers": MODELS, "early_stop": None}
SYSTEMS: dict[str, System] = {
    "MoA": System(moa, partial(create_moa, **ALL_SIX, aggregator="aggregator", layers=3), 13),
    "MoA, a stronger one last": System(
        partial(moa, last="gpt-4o"), partial(create_moa, **ALL_SIX, aggregator="gpt-4o", layers=3), 13
    ),
    "MoA-Lite": System(partial(moa, layers=2), partial(create_moa, **ALL_SIX, aggregator="aggregator"), 7),
    "single proposer": System(
        partial(sampled, last="aggregator"), partial(create_self_moa, model="m", aggregator="aggregator"), 2
    ),
    "Self-MoA": System(partial(sampled, last="m"), partial(create_self_moa, model="m"), 2),
    "Self-MoA-Seq, one window": System(
        partial(sequential, samples=4, window=6), partial(create_self_moa_seq, model="m", samples=4, window=6), 2
    ),
    "Self-MoA-Seq, even": System(
        partial(sequential, samples=16, window=6), partial(create_self_moa_seq, model="m", samples=16, window=6), 6
    ),
    "Self-MoA-Seq, one left": System(
        partial(sequential, samples=30, window=6), partial(create_self_moa_seq, model="m", samples=30, window=6), 12
    ),
    "Self-MoA-Seq, pairs": System(
        partial(sequential, samples=7, window=2), partial(create_self_moa_seq, model="m", samples=7, window=2), 12
    ),
    "LLM ranker": System(ranked, partial(create_ranker, proposers=MODELS, ranker="ranker", early_stop=None), 7),
    "best of n": System(best_of_n, partial(create_best_of_n, model="m", ranker="ranker"), 2),
    "majority vote": System(
        voted, partial(create_vote, proposers=[*MODELS, "proposer-0b"], early_stop=None), 7, "final answer"
    ),
    "Self-Consistency": System(
        self_consistent, partial(create_vote, proposers=["m"], samples=9, early_stop=None), 1, "final answer"
    ),
    "one model": System(single, partial(create_single, model="m"), 1),
    "debate": System(
        partial(debated, rounds=2),
        partial(create_debate, proposers=MODELS[:3], debate_if="always"),
        6,
        "final answer",
    ),
    "debate of four rounds": System(
        partial(debated, rounds=4),
        partial(create_debate, proposers=MODELS[:3], rounds=4, debate_if="always"),
        12,
        "final answer",
    ),
    "SMoA, stopped": System(
        partial(moderated, layers=4),
        partial(create_smoa, **ALL_SIX, aggregator="aggregator", moderator="moderator", layers=4),
        15,
    ),
    "SMoA, to the end": System(
        partial(moderated, layers=3),
        partial(create_smoa, **ALL_SIX, aggregator="aggregator", moderator="moderator", layers=3),
        15,
    ),
    "grouped": System(grouped, partial(create_grouped_moa, proposers=MODELS, aggregator="aggregator", group=3), 9),
}


def options_of(server: Loopback) -> dict[str, Any]:
    return {"temperature": 0.7, "max_tokens": 512, "resolve": server.resolve}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("marks", [True, False], ids=["marked", "unmarked"])
async def test_it_is_what_the_paper_defines(loopback: Loopback, name: str, marks: bool) -> None:
    system = SYSTEMS[name]
    stops = name == "SMoA, stopped"
    scripted(loopback, stop=stops)
    p = Plain(loopback.url)
    expected = await system.plain(p)
    await p.client.close()
    theirs = [called(r.body) for r in loopback.requests]

    scripted(loopback, stop=stops)
    result = await system.create(**options_of(loopback), mark_answers=marks).ainvoke({"messages": CONVERSATION})
    ours = [called(r.body) for r in loopback.requests]

    answer = result["messages"][-1].text
    assert len(ours) == len(theirs) == system.calls
    assert Counter(call.anyhow for call in ours) == Counter(call.anyhow for call in theirs)
    assert ours[-1].anyhow == theirs[-1].anyhow or system.decides_by == "final answer"
    assert (answer.rpartition(": ")[2] if system.decides_by == "final answer" else answer) == expected
    assert (result["run"]["degraded"], result["run"]["calls"]) == (None, len(ours))
    assert result["run"]["stopped"] == ("moderated" if stops else "completed")
