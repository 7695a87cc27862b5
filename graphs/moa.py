"""Mixture-of-Agents (Wang et al. 2024, arXiv 2406.04692) as a LangGraph state graph.

    START -> layer 1's proposers, in parallel -> gate 1 -> layer 2's proposers -> gate 2 -> aggregate -> END
                                                 `---------------- agreed -------------------^

Every proposer of every layer is a node, so that the drawing is the paper's figure. A gate ends each layer, and its
conditional edge decides what comes next. With `retrieval`, nodes that look for evidence come first, and one that checks
what the answer cites comes last.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langgraph.cache.base import BaseCache
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.bounds.budget import Budget, check_bounded
from ..core.bounds.checks import check_rules
from ..core.bounds.early_stop import EarlyStop, check_early_stop, check_enough, is_agreement_used
from ..core.bounds.quorum import Quorum
from ..core.evidence.retrievers import Retrieval
from ..core.evidence.searchers import seat_retrieval
from ..core.models.capabilities import Model
from ..core.models.limits import Limits
from ..core.models.prices import Prices, load_prices
from ..core.models.resolve import resolve_model
from ..core.panel.checks import check_choice
from ..core.panel.declared import Aggregators, Defaults, Moderator, Proposers
from ..core.panel.seating import mixture_of, seat_layers
from ..core.panel.stages import node_name, stages_of
from ..core.portal import THREADS
from ..core.run.state import MoAInput, MoAState, RagState
from ..nodes.aggregator import make_aggregator
from ..nodes.answer import make_answer
from ..nodes.calls.prompt_writer import Overflow, PromptWriter, check_told
from ..nodes.gate import make_gate
from ..nodes.moderator import choosing, seat_moderator
from ..nodes.proposer import make_proposer
from ..nodes.review import make_review
from ..nodes.rules import Rules
from ..nodes.ways import make_exit, ways_from
from ..prompts import Placement, bundled, load_bundled, load_template
from .drawing import labelled, metadata_of, open_inside
from .hidden import hide
from .rag_nodes import CHECK, add_retrieval, evidence_shown

ON_AGREEMENT = EarlyStop()
"""The default early stop: all proposers of the first layer, and at least three models, say the same short answer."""


def create_moa(
    *,
    proposers: Proposers,
    aggregator: Aggregators | None = None,
    layers: int | None = None,
    samples: int = 1,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout: float | None = 180.0,
    min_proposals: int = 1,
    early_stop: EarlyStop | None = ON_AGREEMENT,
    waves: Sequence[int] = (),
    moderator: Moderator | None = None,
    mark_answers: bool = True,
    quorum: Quorum | None = None,
    budget: Budget | None = None,
    limits: Sequence[Limits] = (),
    prices: Prices | None = None,
    context_tokens: int | None = None,
    window: int | None = None,
    overflow: Overflow = "fold",
    proposer_prompt: str | Path | None = None,
    aggregator_prompt: str | Path | None = None,
    placement: Placement = "last",
    stream_proposals: bool = False,
    review: bool = False,
    feedback: bool = False,
    hide_texts: bool = False,
    retrieval: Retrieval | None = None,
    resolve: Callable[..., Model] = resolve_model,
    cache: BaseCache[Any] | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    name: str = "moa",
) -> CompiledStateGraph[MoAState, None, MoAInput, MoAState]:
    """Build a mixture of agents: proposers answer in parallel, layer by layer, and an aggregator writes the answer.

    Use it where one model's answer is not enough. The result is an ordinary compiled graph over `messages`: invoke
    it, stream it, or add it to another graph as a node.

        moa = create_moa(proposers=["openai:gpt-6-luna", my_model, my_agent], aggregator="openai:gpt-6-sol")
        moa.invoke({"messages": [{"role": "user", "content": "Why is the sky blue?"}]})["messages"][-1].text

    Args:
        proposers: Models, each a `provider:model` string, a chat model, a Runnable or compiled graph from messages to
            a message, or a `Proposer(...)` with settings. A list of lists gives each layer its own.
        aggregator: The model that writes the final answer, or a list of them: where one fails, the next is asked, and
            where all fail, the best proposal is the answer. `Vote()`, as the only or first one, counts instead of
            asking; `Rank(model)` lets a model name the best proposal, which is the answer. Left out only with
            `layers=1`, one model answering alone.
        layers: Layers as the paper counts them, the aggregator's included: 2 (default) is proposers and an
            aggregator, 3 adds a layer of proposers that see the first one's answers.
        samples: How many times each proposer is asked in a layer; in one request, where its server takes `n`.
        temperature: Sampling temperature of all chat models; None leaves their own. The paper uses 0.7.
        max_tokens: Limit of answer tokens of all chat models; None leaves their own.
        timeout: Seconds that one call may take, retries included; None is no limit.
        min_proposals: How many usable proposals a layer needs.
        early_stop: When the layers end because proposals agree, `EarlyStop(...)`; by default, when all of three models
            or more come to the same short answer. None never stops.
        waves: Sizes of the first layer's first waves, as `(2,)`: the rest is asked only if those disagree.
        moderator: A model that keeps a layer's best proposals and may end the layers, `Moderator(model, keep=3)`.
        mark_answers: Ask proposers to mark their final answer where the question has a short one, so that agreement can
            be seen; only where agreement can change the run.
        quorum: How many usable proposals are enough to stop waiting for the rest, `Quorum(4, grace_s=2)`.
        budget: Bounds of calls, tokens, dollars and seconds, `Budget(calls=20, usd=0.05)`.
        limits: Bounds for calls to one provider over all runs, `Limits(provider="openai", concurrency=20)`.
        prices: Your own prices by model, which win over genai-prices' list (extra `prices`).
        context_tokens: Tokens that every model's window holds; None takes each model's profile.
        window: How many references a prompt holds at most; None is all of a layer's.
        overflow: What becomes of references that do not fit: `fold` reads them in several windows, one call each, and
            carries what came of one into the next; `cut` shortens them. The conversation is never cut.
        proposer_prompt: How proposers of later layers are told of references: text or a `Path`, with `$references`.
        aggregator_prompt: The same for the aggregator. Both default to the bundled synthesis prompt.
        placement: `last` puts references into the last user message, `system_prompt` into the system prompt.
        stream_proposals: Stream the proposers' tokens too; it costs CPU, and only the aggregator's are the answer.
        review: Stop before the aggregator until a person has accepted, edited, dropped or sent back the proposals;
            needs a checkpointer, this graph's or its parent's.
        feedback: Send agreement and losses to LangSmith as feedback on the run, where it is traced.
        hide_texts: Keep what was asked and answered out of LangSmith's traces; structure and usage stay.
        retrieval: Where evidence comes from; `create_rag_moa` makes it.
        resolve: Called for each model that is given as a string, as `resolve(string, temperature=..., max_tokens=...)`;
            returns the model to ask. `functools.partial(resolve_model, base_url=...)` asks a server of one's own.
        cache: Keeps proposals by model, parameters and messages, so that the same is not paid for twice.
        checkpointer: Keeps threads, so that runs can be resumed and have several turns.
        store: Passed on to LangGraph, for proposers that are graphs.
        name: The graph's name, in drawings, traces and parent graphs.

    Returns:
        A compiled graph. Its input is `messages`; its output adds `proposals`, `verdicts` and `run`, the report.

    Raises:
        ConfigError: An argument is wrong; nothing has been called yet.
    """
    check_told(placement, overflow, window, proposers)
    defaults = Defaults(
        temperature=temperature,
        max_tokens=max_tokens,
        timeout=timeout,
        samples=samples,
        context_tokens=context_tokens,
        limits=limits,
        prices=prices or {},
        stream_proposals=stream_proposals,
        resolve=resolve,
    )
    seated = seat_layers(proposers, aggregator, layers, defaults)
    chain = seated.chain
    search, panel = seat_retrieval(retrieval, seated.panel, defaults)
    smallest = min(map(len, panel), default=0)
    check_rules(
        quorum=quorum, budget=budget, cache=cache, min_proposals=min_proposals, review=review, smallest=smallest
    )
    check_early_stop(early_stop, waves, len({seat.name for seat in panel[0]}) if panel else 0)
    check_enough(early_stop, waves, panel, quorum=quorum, needed=min_proposals)
    check_choice(seated.rank, moderator, len(panel))
    load_bundled()
    load_prices()
    shown = evidence_shown(search)
    moderating = seat_moderator(moderator, defaults, placement, shown)
    moderators = [moderating.seat] if moderating else []
    rewriters = [search.rewriter] if search and search.rewriter else []
    check_bounded(budget, [seat for seats in [*panel, chain, rewriters, moderators] for seat in seats])
    stages = stages_of(panel, waves)
    ways = [
        ways_from(stage, ahead=stages[n:], stop=early_stop, budget=budget, moderator=moderator)
        for n, stage in enumerate(stages, 1)
    ]
    may_answer = any("answer" in leads for leads in ways)
    rules = Rules(
        mixture=mixture_of(
            stages,
            seated,
            may_answer=may_answer,
            moderators=moderators,
            before=search.names if search else (),
        ),
        chain=chain,
        min_proposals=min_proposals,
        early_stop=early_stop,
        quorum=quorum,
        budget=budget,
        cache=cache,
        ranks=seated.rank is not None,
        stream_proposals=stream_proposals,
        review=review,
        feedback=feedback,
        retrieval=retrieval,
        shape={"moa_layers": len(panel) + 1, "moa_proposers": sum(map(len, panel))},
    )
    note = bundled("mark").text if mark_answers and is_agreement_used(stages, early_stop, seated.vote) else ""
    shown |= {"overflow": overflow, "window": window}
    propose = PromptWriter(load_template(proposer_prompt), placement, note, **shown)
    synthesise = PromptWriter(load_template(aggregator_prompt), placement, **shown)
    if seated.rank:
        synthesise = choosing(load_template(aggregator_prompt, default="rank.md"), placement, shown)

    graph = StateGraph(RagState if search else MoAState, input_schema=MoAInput)
    depth = len(panel) + 1
    entrances = {stage.name: [node_name(stage.layer, group[0]) for group in stage.groups] for stage in stages}
    entrances |= {"aggregate": ["review" if review else "aggregate"], "answer": ["answer"]}
    for stage in stages:
        authors = panel[stage.layer - 2] if stage.layer > 1 else []
        for node, seats in zip(entrances[stage.name], stage.groups, strict=True):
            ask = make_proposer(seats, stage=stage, authors=authors, writer=propose, rules=rules)
            graph.add_node(node, ask, metadata=metadata_of("proposer", stage.layer, seats))
            graph.add_edge(node, stage.gate)
    for number, (stage, leads) in enumerate(zip(stages, ways, strict=True), 1):
        gate = make_gate(stage, ahead=stages[number:], writer=propose, rules=rules, moderator=moderating)
        graph.add_node(stage.gate, gate, metadata=metadata_of("gate", stage.layer))
        leads_to = {to: entrances[to] for to in leads}
        graph.add_conditional_edges(stage.gate, make_exit(stage, leads_to), labelled(leads, leads_to))
    if review:
        look = make_review(stages, writer=propose, rules=rules)
        back = {"aggregate": "accept"} | {node: "retry" for stage in stages for node in entrances[stage.name]}
        graph.add_node("review", look, metadata=metadata_of("review", depth), destinations=back)
    last = make_aggregator(
        layer=depth, sources=panel, writer=synthesise, rules=rules, vote=seated.vote, rank=seated.rank
    )
    graph.add_node("aggregate", last, metadata=metadata_of("aggregator", depth, chain))
    end = CHECK if search else END
    graph.add_edge("aggregate", end)
    if may_answer:
        graph.add_node("answer", make_answer(layer=depth, rules=rules), metadata=metadata_of("answer", depth))
        graph.add_edge("answer", end)
    first = entrances["layer_1" if panel else "aggregate"]
    if search:
        first = add_retrieval(graph, search, before=first, depth=depth, rules=rules)
    for entrance in first:
        graph.add_edge(START, entrance)
    # LangGraph's sync API would give a layer as few threads as the machine has cores; a caller's own limit wins.
    compiled = graph.compile(checkpointer=checkpointer, store=store, name=name)
    open_inside(compiled)
    tagged = compiled.with_config(tags=["moa"], max_concurrency=max([THREADS, *map(len, panel)]))
    return hide(tagged) if hide_texts else tagged
