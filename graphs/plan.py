"""What a mixture comes to before it is a graph: who sits, what each is told, what ends it; every check is made here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from langgraph.cache.base import BaseCache
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from ..core.bounds.budget import check_bounded
from ..core.bounds.checks import check_early_stop, check_enough, check_rules, check_screen
from ..core.bounds.confident import Confident, check_confidence, with_logprobs
from ..core.bounds.early_stop import is_agreement_used
from ..core.errors import ConfigError
from ..core.evidence.retrievers import Retrieval
from ..core.evidence.searchers import Search, seat_retrieval
from ..core.models.endings import load_endings
from ..core.models.prices import load_prices
from ..core.panel.checks import check_analyst, check_choice
from ..core.panel.declared import Aggregators, Defaults, Proposers
from ..core.panel.seating import Seated, seat_layers
from ..core.panel.seats import Seat, with_substitutes
from ..core.panel.signature import mixture_of
from ..core.panel.stages import Stage, node_name, stages_of, waves_before
from ..core.run.state import MoAInput, MoAState, RagState
from ..nodes.confidence import Weighing, seat_weighing
from ..nodes.disagreement.analyst import Analysing, seat_analyst
from ..nodes.moderator import Moderating, choosing, seat_moderator
from ..nodes.prompting.prompt_writer import PromptWriter
from ..nodes.rules import Rules
from ..nodes.ways import ways_from
from ..prompts import bundled, load_bundled, load_template
from .options import Prompting, Stopping, Watching
from .rag_nodes import evidence_shown


@dataclass(frozen=True)
class Plan:
    """Hold all that a mixture's graph is built of."""

    seated: Seated
    stages: Sequence[Stage]
    """Who is asked together, in order."""
    ways: Sequence[Mapping[str, str]]
    """Where the gate of each stage may lead, and why."""
    search: Search | None
    """Who looks for evidence first."""
    moderating: Moderating | None
    weighing: Weighing | None
    """How sure the first stage's only model is found to be."""
    analysing: Analysing | None
    """Who compares what goes on to the aggregator."""
    propose: PromptWriter
    synthesise: PromptWriter
    rules: Rules
    """What all nodes keep to."""
    hide_texts: bool

    @property
    def state(self) -> type[MoAState]:
        """Return what a run carries."""
        return RagState if self.search else MoAState

    @property
    def depth(self) -> int:
        """Return the number of the last layer, which is the aggregator's."""
        return len(self.seated.panel) + 1

    @property
    def is_single(self) -> bool:
        """Tell whether it is one model that answers alone."""
        return not self.seated.panel

    @cached_property
    def entrances(self) -> dict[str, list[str]]:
        """Return the nodes behind each place that a verdict can name."""
        stages = {stage.name: [node_name(stage.layer, group[0]) for group in stage.groups] for stage in self.stages}
        return {**stages, "aggregate": self.looks[:1], "answer": ["answer"]}

    @property
    def looks(self) -> list[str]:
        """Return the nodes in a row that end in the aggregator: who looks at the proposals first comes first."""
        before = {"analyse": self.analysing is not None, "review": self.rules.review}
        return [*(node for node, is_there in before.items() if is_there), "aggregate"]

    @property
    def may_answer(self) -> bool:
        """Tell whether a proposal that stands for an agreement can be the answer."""
        return _may_answer(self.ways)


class MoAGraph(StateGraph[MoAState, None, MoAInput, MoAState]):
    """Be LangGraph's graph, with the plan that it is built from."""

    def __init__(self, plan: Plan, *, takes: type[Any] = MoAInput) -> None:
        super().__init__(plan.state, input_schema=takes)
        self.plan = plan


def plan_of(moa: object) -> Plan:
    """Return what a mixture was built from.

    Raises:
        ConfigError: The graph is no mixture.
    """
    builder = moa.builder if isinstance(moa, CompiledStateGraph) else None
    if not isinstance(builder, MoAGraph):
        raise ConfigError(f"found {type(moa).__name__} that is no mixture, expected what create_moa returned")
    return builder.plan


def plan_mixture(
    proposers: Proposers,
    aggregator: Aggregators | None,
    layers: int | None,
    defaults: Defaults,
    prompting: Prompting,
    stopping: Stopping,
    watching: Watching,
    retrieval: Retrieval | None,
    cache: BaseCache[Any] | None,
) -> Plan:
    """Resolve a declaration, and refuse what could not mean anything; nothing has been called then.

    Raises:
        ConfigError: An option is wrong.
    """
    prompting.check(proposers)
    seated = seat_layers(proposers, aggregator, layers, defaults, escalate=stopping.escalate)
    search, panel = seat_retrieval(retrieval, seated.panel, defaults)
    seated = seated._replace(panel=panel, chain=_readers(seated, prompting))
    waves = _checked_waves(stopping, seated, cache, review=watching.review)
    stages = _stages(seated, waves, stopping.confidence)
    panel = seated.panel
    load_bundled()
    load_endings()
    load_prices()
    shown = evidence_shown(search)
    moderating = seat_moderator(stopping.moderator, defaults, prompting.placement, shown)
    moderators = [moderating.seat] if moderating else []
    analysing = seat_analyst(stopping.analyst, defaults, prompting.placement, shown)
    analysts = [analysing.seat] if analysing else []
    rewriters = [search.rewriter] if search and search.rewriter else []
    first = stages[0].seats[0] if stages else None
    weighing = seat_weighing(stopping.confidence, first, defaults, prompting.placement, shown)
    checkers = [weighing.checker] if weighing and weighing.checker else []
    others = [seated.chain, rewriters, moderators, analysts, checkers]
    check_bounded(stopping.budget, [one for seats in [*panel, *others] for one in with_substitutes(seats)])
    ways = _ways(stages, stopping)
    before = search.names if search else ()
    beside = partial(mixture_of, moderators=moderators, analysts=analysts, checkers=checkers, before=before)
    mixture = beside(stages, seated, may_answer=_may_answer(ways))
    propose, synthesise = _writers(prompting, stopping, seated, stages, shown)
    rules = _rules(mixture, seated, stopping, watching, retrieval, cache, defaults)
    asking = moderating, weighing, analysing
    return Plan(seated, stages, ways, search, *asking, propose, synthesise, rules, watching.hide_texts)


def _checked_waves(stopping: Stopping, seated: Seated, cache: BaseCache[Any] | None, *, review: bool) -> Sequence[int]:
    """Refuse what could end no run, or not this one; return the sizes of all waves but the last."""
    panel, needed = seated.panel, stopping.min_proposals
    smallest = min(map(len, panel), default=0)
    check_rules(
        quorum=stopping.quorum,
        budget=stopping.budget,
        cache=cache,
        min_proposals=needed,
        review=review,
        smallest=smallest,
    )
    size, escalated = len({seat.name for seat in panel[0]}) if panel else 0, seated.escalated
    check_early_stop(stopping.early_stop, stopping.waves, size, escalated=escalated)
    waves, is_weighed = waves_before(stopping.waves, size - escalated, escalated), stopping.confidence is not None
    check_enough(stopping.early_stop, waves, panel, quorum=stopping.quorum, needed=needed, is_weighed=is_weighed)
    check_choice(seated.rank, stopping.moderator, len(panel))
    check_analyst(stopping.analyst, len(panel))
    check_screen(stopping.screen, max(map(len, panel), default=0))
    return waves


def _stages(seated: Seated, waves: Sequence[int], confident: Confident | None) -> list[Stage]:
    """Say who is asked together; where the first one's server is to tell how likely its words are, ask it to."""
    panel, escalates = seated.panel, seated.escalated > 0
    stages = stages_of(panel, waves, escalates=escalates)
    check_confidence(confident, stages)
    if confident is None or confident.logprobs is None:
        return stages
    panel[0] = [with_logprobs(seat, confident.logprobs) if seat.position == 0 else seat for seat in panel[0]]
    return stages_of(panel, waves, escalates=escalates)


def _ways(stages: Sequence[Stage], stopping: Stopping) -> list[dict[str, str]]:
    stop, budget, moderator = stopping.early_stop, stopping.budget, stopping.moderator
    weighs = stopping.confidence is not None
    return [
        ways_from(stage, ahead=stages[n:], stop=stop, budget=budget, moderator=moderator, weighs=weighs and n == 1)
        for n, stage in enumerate(stages, 1)
    ]


def _may_answer(ways: Sequence[Mapping[str, str]]) -> bool:
    return any("answer" in leads for leads in ways)


def _readers(seated: Seated, prompting: Prompting) -> list[Seat]:
    """Return the aggregators, who may be shown what proposers thought, where they write the answer."""
    if prompting.references == "answers":
        return seated.chain
    if seated.rank or not (seated.chain and seated.panel):
        raise ConfigError(
            "found references='reasoning' with nobody who writes an answer from proposals, expected an aggregator that "
            "is a model; leave it out"
        )
    return [replace(seat, reads_thinking=True) for seat in seated.chain]


def _writers(
    prompting: Prompting, stopping: Stopping, seated: Seated, stages: Sequence[Stage], shown: Mapping[str, Any]
) -> tuple[PromptWriter, PromptWriter]:
    """Return who writes the proposers' prompts, and the aggregator's."""
    is_read = prompting.mark_answers and is_agreement_used(stages, stopping.early_stop, seated.vote, stopping.screen)
    shown = {**shown, "overflow": prompting.overflow, "window": prompting.window}
    propose = PromptWriter(load_template(prompting.proposer_prompt), prompting.placement, **shown)
    if seated.rank:
        template = load_template(prompting.aggregator_prompt, default="rank.md")
        synthesise = choosing(template, prompting.placement, shown)
    else:
        synthesise = PromptWriter(load_template(prompting.aggregator_prompt), prompting.placement, **shown)
    synthesise = replace(synthesise, compared=stopping.analyst is not None)
    return replace(propose, note=bundled("mark").text if is_read else ""), synthesise


def _rules(
    mixture: str,
    seated: Seated,
    stopping: Stopping,
    watching: Watching,
    retrieval: Retrieval | None,
    cache: BaseCache[Any] | None,
    defaults: Defaults,
) -> Rules:
    return Rules(
        mixture=mixture,
        chain=seated.chain,
        first=seated.panel[0] if seated.panel else seated.chain,
        min_proposals=stopping.min_proposals,
        early_stop=stopping.early_stop,
        screen=stopping.screen,
        quorum=stopping.quorum,
        budget=stopping.budget,
        cache=cache,
        ranks=seated.rank is not None,
        more_room=defaults.more_room,
        stream_proposals=defaults.stream_proposals,
        review=watching.review,
        feedback=watching.feedback,
        draft=watching.draft,
        retrieval=retrieval,
        shape={"moa_layers": len(seated.panel) + 1, "moa_proposers": sum(map(len, seated.panel))},
    )
