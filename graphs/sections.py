"""An experiment: the aggregator writes the answer by sections while proposers still answer (chunk-wise aggregation)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Unpack

from langgraph.graph import END, START
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.checks import check_number
from ..core.errors import ConfigError
from ..core.panel.declared import Aggregators, ProposerLike
from ..core.panel.stages import FIRST
from ..core.run.state import Mixture
from ..nodes.sections.writer import make_sections
from .building import add_aggregator, add_gate, finish
from .drawing import metadata_of
from .moa import create_moa
from .options import SystemOptions, decided
from .plan import MoAGraph, Plan, plan_of

_NODE = "sections"
_DECIDED: dict[str, Any] = {
    "early_stop": None,
    "waves": (),
    "escalate": (),
    "confidence": None,
    "screen": None,
    "analyst": None,
    "review": False,
    "references": "answers",
    "aggregator_prompt": None,
    "stream_proposals": True,
}
"""What comes between proposers and aggregator has no place here, and sections have prompts of their own."""


@dataclass(frozen=True)
class _SectionedPlan(Plan):
    """Be a plan whose first stage is one node."""

    @cached_property
    def entrances(self) -> dict[str, list[str]]:
        return {FIRST: [_NODE], "aggregate": ["aggregate"], "answer": ["answer"]}


def create_sectioned_moa(
    *,
    proposers: Sequence[ProposerLike],
    aggregator: Aggregators,
    sections: int = 4,
    section_chars: int = 400,
    **options: Unpack[SystemOptions],
) -> Mixture:
    """Build a mixture whose aggregator begins while proposers still answer: an experiment, for open questions.

    Wang et al. 2024 (arXiv 2406.04692) name chunk-wise aggregation as future work, to shorten the time to the first
    token. As soon as all proposers, or `quorum` of them, have written a section, the aggregator writes one, and then
    goes on. It makes up to `sections` calls instead of one, and what it has written it cannot take back. Proposers and
    aggregator are one node: a run that is killed in it asks all of them again, and drawings show one box.

    Where tools or a form are asked for, where the budget does not bound all sections, where proposals are short or have
    a short final answer, and where a section fails, the run goes on as any mixture's.

    Args:
        proposers: Who answers; chat models, for a chain or graph is heard when it is done.
        aggregator: Who writes, or several; only the first one writes sections.
        sections: How many calls the answer takes at most, 2 to 4.
        section_chars: Characters of each proposal that a section rests on at least; it ends with the paragraph.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    check_number("sections", sections, minimum=2, most=4, whole=True)
    check_number("section_chars", section_chars, minimum=1, whole=True)
    compiled: dict[str, Any] = {"name": options.get("name", "moa")}
    checkpointer: Checkpointer = options.pop("checkpointer", None)
    store: BaseStore | None = options.pop("store", None)
    own = {name: value for name, value in _DECIDED.items() if name in SystemOptions.__annotations__}
    plain = create_moa(**decided(create_sectioned_moa, options, proposers=proposers, aggregator=aggregator, **own))
    plain_plan = plan_of(plain)
    rules = replace(plain_plan.rules, stream_proposals=False)  # they are streamed to this node, and to nobody else
    plan = _SectionedPlan(**{**_fields_of(plain_plan), "rules": rules})
    _check(plan)
    stage = plan.stages[0]
    graph = MoAGraph(plan)
    write = make_sections(stage, sections=sections, size=section_chars, writer=plan.propose, rules=plan.rules)
    leads_to = {stage.gate: "as usual", "aggregate": "a section failed", END: "written"}
    graph.add_node(
        _NODE, write, metadata=metadata_of("aggregator", plan.depth, plan.seated.chain), destinations=leads_to
    )
    graph.add_edge(START, _NODE)
    add_gate(graph, stage, plan)
    add_aggregator(graph, plan)
    return finish(graph, plan, checkpointer=checkpointer, store=store, **compiled)


def _fields_of(plan: Plan) -> dict[str, Any]:
    """Return a plan's fields, for another kind of plan."""
    return {name: getattr(plan, name) for name in Plan.__dataclass_fields__}


def _check(plan: Plan) -> None:
    if any(seat.samples > 1 for seat in plan.stages[0].seats):
        raise ConfigError(
            "found samples of a proposer in create_sectioned_moa, expected one answer of each; leave them out"
        )
    if not plan.rules.chain or plan.rules.ranks or plan.seated.vote or plan.seated.pick:
        raise ConfigError(
            "found an aggregator that writes nothing, expected a model; only what is written has sections"
        )
