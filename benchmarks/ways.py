"""Ways to make the same 13 calls, on an OpenAI-compatible server: ours, peers', and floors below all of them.

Two layers of six proposers and an aggregator, one prompt, one temperature, one limit of tokens, and no early stop. Each
way imports what it needs by itself, because peers' ways run in environments that hold nothing of this project.
"""

import asyncio
import gc
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

PROPOSERS = [f"proposer-{number}" for number in range(6)]
AGGREGATOR = "aggregator"
PROMPT = " ".join(["word"] * 1500)
QUESTION: Any = {"messages": [{"role": "user", "content": PROMPT}]}
SETTINGS: dict[str, Any] = {"temperature": 0.7, "max_tokens": 512}
KEY = "no-key"


@dataclass
class Runs:
    """Make so many runs at once, and return when all are done."""

    many: Callable[[int], Any]
    close: Callable[[], None] = lambda: None

    def __call__(self, how_many: int) -> None:
        self.many(how_many)


def all_at_once(run: Callable[[], Any], close: Callable[[], Any] | None = None, loop: Any = None) -> Runs:
    """Make many of one coroutine function, on an event loop that stays, as a server's does."""
    runner = asyncio.Runner(loop_factory=loop)

    async def many(runs: int) -> None:
        await asyncio.gather(*(run() for _ in range(runs)))

    def end() -> None:
        if close:
            runner.run(close())
        runner.close()

    return Runs(lambda runs: runner.run(many(runs)), end)


def of_mixture(moa: Any, *, streamed: bool, close: Callable[[], Any] | None = None, loop: Any = None) -> Runs:
    """Run a mixture, and read its answer as a whole or token by token."""

    async def stream() -> None:
        async for _ in moa.astream(QUESTION, stream_mode="messages"):
            pass

    return all_at_once(stream if streamed else lambda: moa.ainvoke(QUESTION), close, loop)


def ours(url: str, *, streamed: bool = False, loop: Any = None) -> Runs:
    """Ask models that are given as strings, as this package makes them by default."""
    from langgraph_moa import create_moa, resolve_model

    models: dict[str, Any] = {"proposers": PROPOSERS, "aggregator": AGGREGATOR}
    resolve = partial(resolve_model, base_url=url)
    moa = create_moa(**models, layers=3, early_stop=None, resolve=resolve, **SETTINGS)
    return of_mixture(moa, streamed=streamed, loop=loop)


def ours_heard(url: str) -> Runs:
    """Let somebody listen, as a tracer does; without, LangChain's bookkeeping is left out."""
    from langchain_core.callbacks import AsyncCallbackHandler
    from langgraph_moa import create_moa, resolve_model

    class Listener(AsyncCallbackHandler):
        run_inline = True

    resolve = partial(resolve_model, base_url=url)
    moa = create_moa(proposers=PROPOSERS, aggregator=AGGREGATOR, layers=3, early_stop=None, resolve=resolve, **SETTINGS)
    return of_mixture(moa.with_config(callbacks=[Listener()]), streamed=False)


def ours_on_uvloop(url: str) -> Runs:
    """Run on the event loop that many servers run on."""
    import uvloop

    return ours(url, loop=uvloop.new_event_loop)


def ours_frozen(url: str) -> Runs:
    """Tell the garbage collector, as our own commands do, that what is built stays."""
    runs = ours(url)
    gc.freeze()
    return runs


def ours_over_chat_openai(url: str, *, streamed: bool = False) -> Runs:
    """Ask ChatOpenAI objects."""
    from langgraph_moa import create_moa

    proposers, aggregator = chat_models(url)
    moa = create_moa(proposers=proposers, aggregator=aggregator, layers=3, early_stop=None)
    return of_mixture(moa, streamed=streamed, close=aggregator.root_async_client.close)


def chat_models(url: str) -> tuple[list[Any], Any]:
    """Return six proposers and an aggregator as LangChain makes them: all over one client."""
    from langchain_openai import ChatOpenAI

    def make(name: str) -> ChatOpenAI:
        return ChatOpenAI(model=name, base_url=url, api_key=KEY, stream_usage=True, **SETTINGS)  # type: ignore[arg-type]

    return [make(name) for name in PROPOSERS], make(AGGREGATOR)


def gather(url: str, *, streamed: bool = False) -> Runs:
    """Do what the graph does with ChatOpenAI objects and asyncio.gather, and no graph."""
    from langchain_core.messages import HumanMessage, SystemMessage

    proposers, aggregator = chat_models(url)

    def messages(references: list[str]) -> list[Any]:
        return [*([SystemMessage("\n\n".join(references))] if references else []), HumanMessage(PROMPT)]

    async def run() -> None:
        references: list[str] = []
        for _ in range(2):
            prompt = messages(references)
            references = [reply.text for reply in await asyncio.gather(*(m.ainvoke(prompt) for m in proposers))]
        if not streamed:
            await aggregator.ainvoke(messages(references))
            return
        async for _ in aggregator.astream(messages(references)):
            pass

    return all_at_once(run, aggregator.root_async_client.close)


def floor(url: str, *, streamed: bool = False) -> Runs:
    """Make the calls with aiohttp and orjson over one session, and nothing else: the least that a library can take."""
    import aiohttp
    import orjson

    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    sessions: list[aiohttp.ClientSession] = []  # it wants to be made on a running loop

    async def call(model: str, references: list[str], *, stream: bool = False) -> str:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers))
        system = [{"role": "system", "content": "\n\n".join(references)}] if references else []
        body = {"model": model, "messages": [*system, {"role": "user", "content": PROMPT}], **SETTINGS}
        body |= {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        async with sessions[0].post(f"{url}/chat/completions", data=orjson.dumps(body)) as reply:
            if not stream:
                return str(orjson.loads(await reply.read())["choices"][0]["message"]["content"])
            events = [orjson.loads(line[6:]) async for line in reply.content if line.startswith(b"data: {")]
            return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])

    async def run() -> None:
        references: list[str] = []
        for _ in range(2):
            references = await asyncio.gather(*(call(model, references) for model in PROPOSERS))
        await call(AGGREGATOR, references, stream=streamed)

    async def close() -> None:
        for session in sessions:
            await session.close()

    return all_at_once(run, close)


def langgraph(url: str) -> Runs:
    """Run a bare graph of the same shape, which asks nobody: what LangGraph takes of each run."""
    from typing import Annotated, TypedDict

    from langgraph.graph import END, START, StateGraph

    def join(old: list[str], new: list[str]) -> list[str]:
        return old + new

    class State(TypedDict):
        texts: Annotated[list[str], join]

    async def step(state: Any) -> Any:
        return {"texts": [AGGREGATOR]}

    graph: Any = StateGraph(State)
    before = START
    for layer in (1, 2):
        graph.add_node(f"gate-{layer}", step)
        for name in PROPOSERS:
            graph.add_node(f"{name}-{layer}", step)
            graph.add_edge(before, f"{name}-{layer}")
        graph.add_edge([f"{name}-{layer}" for name in PROPOSERS], f"gate-{layer}")
        before = f"gate-{layer}"
    graph.add_node(AGGREGATOR, step)
    graph.add_edge(before, AGGREGATOR)
    graph.add_edge(AGGREGATOR, END)
    compiled = graph.compile()
    return all_at_once(lambda: compiled.ainvoke({"texts": []}))


def mixture_llm(url: str) -> Runs:
    """Run its pipeline with the client that its README gives for the OpenAI SDK."""
    from mixture_llm import Aggregate, Propose, Synthesize, run  # type: ignore[import-not-found]
    from openai import AsyncOpenAI

    sdk = AsyncOpenAI(base_url=url, api_key=KEY)

    async def client(model: str, messages: Any, temp: float, max_tokens: int) -> tuple[str, int, int]:
        options: dict[str, Any] = {"temperature": temp, "max_tokens": max_tokens}
        reply = await sdk.chat.completions.create(model=model, messages=messages, **options)
        return reply.choices[0].message.content, reply.usage.prompt_tokens, reply.usage.completion_tokens

    options = {"temp": SETTINGS["temperature"], "max_tokens": SETTINGS["max_tokens"]}
    pipeline = [Propose(PROPOSERS, **options), Synthesize(PROPOSERS, **options), Aggregate(AGGREGATOR, **options)]

    async def whole() -> None:
        answer, _ = await run(pipeline, PROMPT, client)
        assert answer, "it takes a failed call for an empty answer"

    return all_at_once(whole)


def distilabel(url: str) -> Runs:
    """Give `MixtureOfAgentsLLM` all questions as one list, as distilabel's own steps do."""
    from distilabel.models.llms import MixtureOfAgentsLLM, OpenAILLM  # type: ignore[import-not-found]

    options = {"temperature": SETTINGS["temperature"], "max_new_tokens": SETTINGS["max_tokens"]}

    def model(name: str) -> Any:
        return OpenAILLM(model=name, base_url=url, api_key=KEY, generation_kwargs=options)

    models = {"proposers_llms": [model(name) for name in PROPOSERS], "aggregator_llm": model(AGGREGATOR)}
    llm = MixtureOfAgentsLLM(**models, rounds=2)
    llm.load()

    def many(how_many: int) -> None:
        # It writes into the questions that it is given, so that each run needs its own.
        questions = json.loads(json.dumps([QUESTION["messages"]] * how_many))
        answers = llm.generate_outputs(inputs=questions, **llm.get_generation_kwargs())
        assert len(answers) == how_many

    return Runs(many)


WAYS: dict[str, Callable[[str], Runs]] = {
    "ours": ours,
    "ours, frozen": ours_frozen,
    "ours, heard": ours_heard,
    "ours, on uvloop": ours_on_uvloop,
    "ours, streamed": partial(ours, streamed=True),
    "ours over ChatOpenAI": ours_over_chat_openai,
    "ours over ChatOpenAI, streamed": partial(ours_over_chat_openai, streamed=True),
    "gather": gather,
    "gather, streamed": partial(gather, streamed=True),
    "floor": floor,
    "floor, streamed": partial(floor, streamed=True),
    "langgraph": langgraph,
    "mixture-llm": mixture_llm,
    "distilabel": distilabel,
}
