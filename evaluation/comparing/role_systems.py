"""Compare the roles of a mixture's models, as `create_moa` is told who they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from ...core.agreement.vote import Vote
from ...core.bounds.budget import Budget
from ...core.checks import MOST_LAYERS
from ...core.errors import ConfigError
from ...core.models.capabilities import Model
from ...core.models.labels import short_name
from ...core.models.resolve import resolve_model
from ...core.panel.checks import OF_A_SERVER
from ...core.panel.declared import Aggregator, Chooser, Proposer, Rank, proposing
from ...core.panel.pick import Pick
from ...core.panel.seating import named
from ...core.run.state import Graph
from ...graphs.moa import create_moa
from ...graphs.plan import plan_of
from ...graphs.systems import create_single
from ...nodes.calls.response_cache import ResponseCache
from ..batch.questions import Questions
from ..batch.reading import questions_in
from ..grading.by_gold import Grader
from ..grading.choose import GraderName
from .cast import Cast, CastModel, Part, cast_of
from .compare import compare_prepared, rows_folder
from .conclusion import MARGIN
from .measures import Comparison
from .preparing import check_comparison, prepare
from .proposal_file import PROPOSALS, ProposalFile
from .wording import note_wording

_OF_A_MIXTURE = frozenset(
    "proposers aggregator layers samples early_stop min_proposals quorum waves escalate confidence moderator analyst "
    "screen mark_answers "
    "proposer_prompt aggregator_prompt placement window retrieval".split()
)
"""Options that one model alone has no use for."""


async def acompare_roles(
    mixture: Mapping[str, Any],
    questions: Questions,
    *,
    grader: GraderName | Grader | None = None,
    judge: str | Model | Aggregator | None = None,
    baseline: str | None = None,
    mark: bool = True,
    out: str | PathLike[str] | None = None,
    concurrency: int = 8,
    budget: Budget | None = None,
    retry_errors: bool = False,
    seed: int = 0,
    margin: float = MARGIN,
) -> Comparison:
    """Compare what each model of a mixture is worth as its aggregator, and as one of its proposers.

        found = await acompare_roles({"proposers": ["openai:gpt-6-luna", mine]}, "questions.jsonl", out="roles")
        found.roles.sentences       # ['as aggregators, mine is the best; the rest may be luck', ...]

    Each model is asked alone, aggregates the very same proposals of all, and is left out as a proposer. Proposers are
    asked once a question: systems replay what they answered (Wang et al. 2024, arXiv 2406.04692, table 4).

    Args:
        mixture: What `create_moa` takes, as a mapping; the first proposer aggregates where nobody is named.
        questions: As `abatch` takes them.
        grader: As `acompare` takes it; so all others.
        judge: The model that judges.
        baseline: Whom to hold the systems against; None is the best single model.
        mark: Ask all systems to close with a short answer, where the grader is `answer`.
        out: The folder of the rows, proposals and verdicts, so that nothing is paid for twice; None keeps none.
        concurrency: Questions, or verdicts, under way at once.
        budget: Bounds for the whole comparison; proposals count once.
        retry_errors: Ask again what failed.
        seed: What the bootstrap's draws depend on.
        margin: The gain, in points of a hundred, from which on one counts.

    Returns:
        What was measured of all systems, with `roles`, the two rankings.

    Raises:
        ConfigError: An argument is wrong, a system answered nothing, or no question could be graded.
    """
    given, path = list(questions_in(questions)), Path(out) if out else None
    cast = _cast(mixture)
    cache = mixture.get("cache")
    systems = _systems(mixture, cast, ProposalFile(responses=cache))
    options = {
        "baseline": baseline,
        "budget": budget,
        "concurrency": concurrency,
        "seed": seed,
        "experiment": None,
        "margin": margin,
        "repeat": 1,
    }
    check_comparison(systems, given, **options)  # type: ignore[arg-type] # mypy joins the values
    judging = {name: mixture[name] for name in ("limits", "prices", "cache") if name in mixture}
    resolve = mixture.get("resolve", resolve_model)
    prepared = prepare(given, grader, judge, path, mark=mark, resolve=resolve, **judging)
    prepared.check_bounded(budget)
    check_role_systems(cast, systems, is_marked=prepared.is_marked)
    with rows_folder(path) as folder:
        note_wording(folder, prepared.is_marked)
        file = ProposalFile(folder / PROPOSALS, retry_errors=retry_errors, responses=cache)
        return await compare_prepared(
            _systems(mixture, cast, file),
            prepared,
            folder,
            retry_errors=retry_errors,
            on_start=None,
            on_row=None,
            on_judged=None,
            cast=cast,
            **options,  # type: ignore[arg-type]
        )


def layers_replayed(cast: Cast, label: str, *, in_waves: bool) -> int:
    """Return how many layers of a system have been asked by the time that it is: its bounds leave them out.

    Args:
        cast: Who plays what.
        label: The system.
        in_waves: Whether the first layer is asked in waves: without one proposer, another may be asked for the first
            time.
    """
    if label not in cast.replayed:
        return 0
    if label in {model.aggregates for model in cast.models}:
        return MOST_LAYERS
    return 0 if in_waves else 1


def built(label: str, build: Callable[[], Graph]) -> Graph:
    """Build a system, and say which it is where that fails.

    Raises:
        ConfigError: It cannot be built.
    """
    try:
        return build()
    except ConfigError as exc:
        raise ConfigError(f"the system {label!r} cannot be built: {exc}") from exc


def number_seats(file: ProposalFile, reference: Graph) -> None:
    """Tell a record who sits in the declared mixture."""
    file.number([seat for layer in plan_of(reference).seated.panel for seat in layer])


def check_role_systems(cast: Cast, systems: Mapping[str, Graph], *, is_marked: bool) -> None:
    """Refuse a mixture whose proposals could not be the same for all.

    Args:
        cast: Who plays what.
        systems: All systems, by name.
        is_marked: Whether questions ask for a short answer themselves.

    Raises:
        ConfigError: It is one.
    """
    plan = plan_of(systems[cast.reference])
    if plan.rules.quorum:
        raise _unfit("a quorum", "who is cut differs from run to run", "leave it out")
    if plan.moderating:
        raise _unfit("a moderator", "it keeps others of the same proposals each time", "leave it out")
    if plan.search and plan.search.rewriter:
        raise _unfit("a rewriter", "it writes other queries each time", "leave it out")
    if plan.rules.ranks or not plan.seated.chain:
        raise _unfit("nobody who writes the answer", "there is no aggregator to take the place of", "name a model")
    if others := [seat.title for layer in plan.seated.panel for seat in layer if not seat.one_call]:
        raise _unfit(f"the proposer {others[0]}, a chain or graph", "nobody can tell when it is asked the same", "")
    for model in cast.models:
        if model.is_left_out and not is_marked and plan_of(systems[model.without]).propose.note != plan.propose.note:
            raise _unfit(
                "a mixture that asks proposers to mark their answers where enough of them can agree",
                f"without {model.name} they are too few for that, and would be asked in other words",
                "turn early_stop or mark_answers off",
            )


def _unfit(what: str, why: str, cure: str) -> ConfigError:
    expected = "expected a mixture whose proposals are the same for every aggregator"
    return ConfigError(f"found {what} where roles are compared, {expected}: {why}" + (f"; {cure}" if cure else ""))


def _cast(mixture: Mapping[str, Any]) -> Cast:
    if not isinstance(mixture, Mapping):
        raise ConfigError(
            f"found {type(mixture).__name__} as a mixture, expected what create_moa takes, as a mapping: "
            "{'proposers': [...], 'aggregator': ...}"
        )
    if not isinstance(mixture.get("cache"), ResponseCache | None):
        raise ConfigError(
            "found a cache of proposals where roles are compared, which keeps those itself; leave it out, or give a "
            "ResponseCache"
        )
    proposers = named(mixture.get("proposers", ()))
    for model in _chain(mixture):
        if isinstance(model, Rank | Pick):
            what = "a ranker" if isinstance(model, Rank) else "a function that picks"
            raise _unfit(what, "it writes no answer", "name a model as the aggregator")
    return cast_of(list(map(_part, proposers)), _part(proposing(_aggregator(mixture, proposers))))


def _chain(mixture: Mapping[str, Any]) -> list[Any]:
    given = mixture.get("aggregator")
    several = isinstance(given, Sequence) and not isinstance(given, str)
    return list(given) if several and given is not None else [] if given is None else [given]


def _aggregator(mixture: Mapping[str, Any], proposers: Sequence[Proposer]) -> Chooser:
    """Return the first model that aggregates, as declared."""
    models = [model for model in _chain(mixture) if not isinstance(model, Vote)]
    return models[0] if models else _as_aggregator(proposers[0])


def _as_aggregator(proposer: Proposer) -> Aggregator:
    """Return a proposer's model as an aggregator: where it is asked, and nothing else that was said of the proposer."""
    return Aggregator(proposer.model, **{option: getattr(proposer, option) for option in OF_A_SERVER})


def _part(proposer: Proposer) -> Part:
    model = proposer.model if isinstance(proposer.model, str) else hex(id(proposer.model))
    counted = {"model", "name", "samples", "slots"}
    settings = {one.name: getattr(proposer, one.name) for one in fields(proposer) if one.name not in counted}
    name = proposer.name or short_name(proposer.model)
    return Part(name, f"{model} at {proposer.base_url}", repr((model, settings)))


def _systems(mixture: Mapping[str, Any], cast: Cast, file: ProposalFile) -> dict[str, Graph]:
    """Build all systems: each model alone, then the declared mixture, and what is made of its proposals."""
    proposers = named(mixture["proposers"])
    declared = _aggregator(mixture, proposers)
    of_one = {option: value for option, value in mixture.items() if option not in _OF_A_MIXTURE}
    votes = [model for model in _chain(mixture) if isinstance(model, Vote)]

    def alone(model: CastModel) -> Graph:
        whole = proposers[model.places[0]] if model.places else proposing(declared)
        return create_single(model=replace(whole, samples=None), **of_one)

    def mixed(label: str, among: Sequence[Proposer], chain: Sequence[Any]) -> Graph:
        cache = file.holding(layers_replayed(cast, label, in_waves=bool(mixture.get("waves"))))
        return create_moa(**{**mixture, "proposers": list(among), "aggregator": list(chain), "cache": cache})

    whole_chain = _chain(mixture) or [declared]
    systems = {model.name: built(model.name, partial(alone, model)) for model in cast.models}

    def add(label: str, among: Sequence[Proposer], chain: Sequence[Any]) -> None:
        systems[label] = built(label, partial(mixed, label, among, chain))

    add(cast.reference, proposers, whole_chain)
    number_seats(file, systems[cast.reference])
    for model in cast.models:
        if model is not cast.aggregator:
            add(model.aggregates, proposers, [*votes, _as_aggregator(proposers[model.places[0]])])
    for model in cast.models:
        if model.is_left_out:
            rest = [proposer for place, proposer in enumerate(proposers) if place not in model.places]
            add(model.without, rest, whole_chain)
    return systems
