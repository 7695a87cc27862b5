"""Mixture-of-Agents (Wang et al. 2024, arXiv 2406.04692) as a LangGraph state graph.

    START -> layer 1's proposers, in parallel -> gate 1 -> layer 2's proposers -> gate 2 -> aggregate -> END
                                                 `---------------- agreed -------------------^

Every proposer of every layer is a node, so that the drawing is the paper's figure. A gate ends each layer, and its
conditional edge decides what comes next. With `retrieval`, nodes that look for evidence come first, and one that checks
what the answer cites comes last. With `analyst` and `review`, a model and a person look before the aggregator does.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langgraph.cache.base import BaseCache
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.bounds.budget import Budget
from ..core.bounds.confident import Confident
from ..core.bounds.early_stop import EarlyStop
from ..core.bounds.quorum import Quorum
from ..core.bounds.screen import Screen
from ..core.evidence.retrievers import Retrieval
from ..core.models.capabilities import Model
from ..core.models.effort import Effort
from ..core.models.limits import Limits
from ..core.models.prices import Prices
from ..core.models.resolve import resolve_model
from ..core.models.service_tiers import Tier
from ..core.panel.declared import (
    USUAL_TIMEOUT,
    Aggregators,
    Analyst,
    Defaults,
    Moderator,
    ProposerLike,
    Proposers,
    Vary,
)
from ..core.run.state import Mixture
from ..core.wire.sizes import MOST_BYTES
from ..nodes.prompting.prompt_writer import Overflow, References
from ..prompts import Placement
from .building import add_aggregator, add_analyst, add_gate, add_proposers, add_review, add_start, finish
from .options import Prompting, Stopping, Watching
from .plan import MoAGraph, plan_mixture

ON_AGREEMENT = EarlyStop()
"""The default early stop: all proposers of the first layer, and at least three models, say the same short answer."""


def create_moa(
    *,
    proposers: Proposers,
    aggregator: Aggregators | None = None,
    layers: int | None = None,
    samples: int = 1,
    early_stop: EarlyStop | None = ON_AGREEMENT,
    budget: Budget | None = None,
    # what each model is asked with
    temperature: float | None = None,
    max_tokens: int | None = None,
    reasoning_effort: Effort | None = None,
    more_room: bool = False,
    vary: Vary | None = None,
    tier: Tier | None = None,
    timeout: float | None = USUAL_TIMEOUT,
    max_answer_bytes: int = MOST_BYTES,
    context_tokens: int | None = None,
    limits: Sequence[Limits] = (),
    prices: Prices | None = None,
    resolve: Callable[..., Model] = resolve_model,
    # what a layer needs, and what else ends it
    min_proposals: int = 1,
    quorum: Quorum | None = None,
    waves: Sequence[int] = (),
    escalate: Sequence[ProposerLike] = (),
    confidence: Confident | None = None,
    moderator: Moderator | None = None,
    analyst: Analyst | None = None,
    screen: Screen | None = None,
    mark_answers: bool = True,
    # what models are told
    proposer_prompt: str | Path | None = None,
    aggregator_prompt: str | Path | None = None,
    placement: Placement = "last",
    references: References = "answers",
    window: int | None = None,
    overflow: Overflow = "fold",
    retrieval: Retrieval | None = None,
    # who looks on
    stream_proposals: bool = False,
    stream_reasoning: bool = False,
    review: bool = False,
    feedback: bool = False,
    draft: bool = False,
    hide_texts: bool = False,
    # LangGraph's own
    cache: BaseCache[Any] | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    name: str = "moa",
) -> Mixture:
    """Build a mixture of agents: proposers answer in parallel, layer by layer, and an aggregator writes the answer.

    Use it where one model's answer is not enough. The result is an ordinary compiled graph over `messages`: invoke
    it, stream it, or add it to another graph as a node. Most need no more than the first six options; the others say
    what each model is asked with, what ends a layer, what models are told, who looks on, and what LangGraph keeps.

        moa = create_moa(proposers=["openai:gpt-6-luna", my_model, my_agent], aggregator="openai:gpt-6-sol")
        moa.invoke({"messages": [{"role": "user", "content": "Why is the sky blue?"}]})["messages"][-1].text

    Args:
        proposers: Models, each a `provider:model` string, a chat model, a Runnable or compiled graph from messages to
            a message, or a `Proposer(...)` with settings. A list of lists gives each layer its own.
        aggregator: The model that writes the final answer, or a list of them: where one fails, the next is asked, and
            where all fail, the best proposal is the answer. `Vote()`, as the only or first one, counts instead of
            asking; `Pick(function)` lets a function of yours score proposals, and `Rank(model)` a model name the best
            one, which is the answer. Left out only with `layers=1`, one model answering alone.
        layers: Layers as the paper counts them, the aggregator's included: 2 (default) is proposers and an
            aggregator, 3 adds a layer of proposers that see the first one's answers.
        samples: How many times each proposer is asked in a layer; in one request, where its server takes `n`.
        early_stop: When the layers end because proposals agree, `EarlyStop(...)`; by default, when all of three models
            or more come to the same short answer. None never stops.
        budget: Bounds of calls, tokens, dollars and seconds, `Budget(calls=20, usd=0.05)`.
        temperature: Sampling temperature of all chat models; None leaves their own. The paper uses 0.7.
        max_tokens: Limit of answer tokens of all chat models; None leaves their own.
        reasoning_effort: How much models that think do so, `"low"`, `"high"`, `"off"`; None leaves their own.
        more_room: Ask those once more, with twice the `max_tokens`, whose thinking left no room for an answer.
        vary: `"wording"` tells each sample of a model its task in other words, where no temperature makes them differ.
        tier: The tier of service of all models whose servers sell any: `"flex"` costs half at OpenAI, and waits.
        timeout: Seconds that one call may take, retries included, 180 by default, or 900 at flex; None is no limit.
        max_answer_bytes: Bytes that one answer may have, unpacked, 8 MB by default; a longer one is an `error`, and is
            cut off where this package does not speak to the server itself.
        context_tokens: Tokens that every model's window holds; None takes each model's profile.
        limits: Bounds for calls to one provider over all runs, `Limits(provider="openai", concurrency=20)`.
        prices: Your own prices by model, which win over genai-prices' list (extra `prices`).
        resolve: Called for each model that is given as a string, as `resolve(string, temperature=..., max_tokens=...)`;
            returns the model to ask. `functools.partial(resolve_model, base_url=...)` asks a server of one's own.
        min_proposals: How many usable proposals a layer needs.
        quorum: How many usable proposals are enough to stop waiting for the rest, `Quorum(4, grace_s=2)`.
        waves: Sizes of the first layer's first waves, as `(2,)`: the rest is asked only if those disagree. `(1, 1)`
            begins with one model that knows when it is unsure: by several samples of it, or its `confidence`.
        escalate: Models that are asked last in the first layer, only if its proposers disagree, or are unsure.
        confidence: How the only model of a first wave says that it is sure, and nobody else is asked, `Confident(0.9)`.
        moderator: A model that keeps a layer's best proposals and may end the layers, `Moderator(model, keep=3)`.
        analyst: A model that compares the proposals before the aggregator reads them, `Analyst(model)`; what it found
            is the state's `disagreement`, and shown to the aggregator.
        screen: Keeps from later models what one proposer alone says and the others do not, `Screen()`; fewer than half.
        mark_answers: Ask proposers to mark their final answer where the question has a short one, so that agreement can
            be seen; only where agreement can change the run.
        proposer_prompt: How proposers of later layers are told of references: text or a `Path`, with `$references`.
        aggregator_prompt: The same for the aggregator. Both default to the bundled synthesis prompt.
        placement: `last` puts references into the last user message, `system_prompt` into the system prompt.
        references: `reasoning` shows the aggregator what proposers thought before their answers, too, in part.
        window: How many references a prompt holds at most; None is all of a layer's.
        overflow: What becomes of references that do not fit: `fold` reads them in several windows, one call each, and
            carries what came of one into the next; `cut` shortens them. The conversation is never cut.
        retrieval: Where evidence comes from; `create_rag_moa` makes it.
        stream_proposals: Stream the proposers' tokens too; it costs CPU, and only the aggregator's are the answer.
        stream_reasoning: Stream what models think, too, beside their text (`reasoning_content` in `additional_kwargs`).
        review: Stop before the aggregator until a person has accepted, edited, dropped or sent back the proposals;
            needs a checkpointer, this graph's or its parent's.
        feedback: Send agreement and losses to LangSmith as feedback on the run, where it is traced.
        draft: Send the best proposal so far at once, as `draft` events of the custom stream; the answer replaces it.
        hide_texts: Keep what was asked and answered out of LangSmith's traces; structure and usage stay.
        cache: Keeps proposals by model, parameters and messages, so that the same is not paid for twice; a
            `ResponseCache` the answers of all calls.
        checkpointer: Keeps threads, so that runs can be resumed and have several turns.
        store: Passed on to LangGraph, for proposers that are graphs.
        name: The graph's name, in drawings, traces and parent graphs.

    Returns:
        A compiled graph. Its input is `messages`; its output adds `proposals`, `verdicts` and `run`, the report.

    Raises:
        ConfigError: An argument is wrong; nothing has been called yet.
    """
    bounds = temperature, max_tokens, timeout, max_answer_bytes, samples, context_tokens, limits, prices or {}
    defaults = Defaults(*bounds, stream_proposals, stream_reasoning, resolve, reasoning_effort, more_room, vary, tier)
    prompting = Prompting(proposer_prompt, aggregator_prompt, placement, overflow, window, mark_answers, references)
    ending = waves, escalate, confidence, moderator, analyst, quorum, budget
    stopping = Stopping(min_proposals, early_stop, screen, *ending)
    watching = Watching(review, feedback, draft, hide_texts)
    plan = plan_mixture(proposers, aggregator, layers, defaults, prompting, stopping, watching, retrieval, cache)

    graph = MoAGraph(plan)
    for stage in plan.stages:
        add_proposers(graph, stage, plan)
    for stage in plan.stages:
        add_gate(graph, stage, plan)
    add_analyst(graph, plan)
    add_review(graph, plan)
    add_aggregator(graph, plan)
    add_start(graph, plan)
    return finish(graph, plan, checkpointer=checkpointer, store=store, name=name)
