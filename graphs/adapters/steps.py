"""What one call of a chat model runs: the whole mixture, or its aggregator alone with an earlier call's proposals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

from langchain_core.messages import AIMessage, BaseMessage

from ...core.run.cadence import CarriedPanel, PanelUse, carried_panel, every_of, panel_use, without_panel
from ...core.run.state import Graph, MoAState
from ...core.run.turn import Turn
from ...nodes.prompting.request import Request, function_of
from ..building import build_aggregator
from ..plan import Plan, plan_of
from .callbacks import copied

_ALONE: WeakKeyDictionary[Graph, Graph] = WeakKeyDictionary()
"""The aggregators of mixtures that are worn."""


class WornCall(NamedTuple):
    """Hold what is run for one call."""

    graph: Graph
    given: dict[str, Any]
    request: Request


def step_of(moa: Graph, messages: Sequence[BaseMessage], request: Request, panel: str) -> WornCall:
    """Say what is to be run: the mixture, or what is left of it where this turn's proposals are there.

    The conversation alone decides, so that a call that is resumed in another process comes to the same.

    Args:
        moa: The mixture.
        messages: The conversation, which carries what was proposed.
        request: What the caller asks for beside an answer.
        panel: How often the panel is asked, as `ChatMoA` takes it.
    """
    plan, every = plan_of(moa), every_of(panel)
    given = copied([*map(without_panel, messages)])
    if plan.is_single or plan.rules.ranks or not plan.rules.chain:
        return WornCall(moa, given, request)
    use, earlier = panel_use(messages, every=every, of=_of(plan, request))
    request = replace(request, panel=use, again=earlier, carries=every != 1)
    if earlier is None:
        return WornCall(moa, given, request)
    evidence: Any = {"evidence": [*earlier.evidence]} if plan.search else {}
    return WornCall(_alone(moa, plan), {**given, **evidence}, request)


def to_carry(state: Mapping[str, Any], answer: AIMessage, request: Request) -> PanelUse | CarriedPanel | None:
    """Return what an answer tells of its panel, and takes along of it: proposals, where a call of a tool asks for more.

    Args:
        state: What the run came to.
        answer: Its answer.
        request: What was asked for.
    """
    use = request.panel
    if use is None or use["shown_again"] or not (request.carries and answer.tool_calls):
        return use
    depth = max((v["layer"] for v in state["verdicts"]), default=0) + 1
    turn = Turn.of(cast("MoAState", {**state, "messages": state["messages"][:-1]}))
    references = turn.references(depth)
    shown = state["run"].get("panel", {})
    texts, evidence = shown.get("shown"), state.get("evidence") or []
    if not texts:
        return use
    return carried_panel(use, [p["proposer"] for p in references], texts, evidence, shown.get("analysis", "")) or use


def _of(plan: Plan, request: Request) -> str:
    """Tell a panel, and the tools that it is told of, from others: another agent's panel is asked for itself."""
    tools = sorted(map(function_of, request.tools)) if request.calls_tools else []
    return sha256(json.dumps([plan.rules.mixture, tools]).encode()).hexdigest()[:16]


def _alone(moa: Graph, plan: Plan) -> Graph:
    if moa not in _ALONE:
        graph = build_aggregator(plan, checkpointer=None, store=moa.store, name=moa.name)
        _ALONE[moa] = graph.copy({"config": {**(moa.config or {})}})
    return _ALONE[moa]
