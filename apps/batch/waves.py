"""The options of providers' batches, and what a person sees of them."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, NamedTuple, get_args

from typer import Option

from ...core.batches.declared import ProviderBatch, Wave, WhenFailed
from ...core.batches.parcels import GIVEN_UP, SentParcel
from ...core.batches.tiers import BATCH, batch_limits, price_factor
from ...core.models.capabilities import Model, wire_of
from ...core.models.service_tiers import tier_in
from ...core.run.state import Graph
from ...core.text import escaped, one_line
from ...graphs.asked import models_asked
from ..mistakes import Misuse, misused
from ..settings.tables import PriceTable

_SHOWN = 3
_LINE = 200
"""Letters of why batches failed."""
_DEFAULT = ProviderBatch()
_FLAGS: dict[str, Any] = {
    "provider_batch": Annotated[
        bool, Option("--provider-batch", help="Ask in the providers' batches: half the price, up to a day a layer.")
    ],
    "batch_failed": Annotated[
        WhenFailed | None,
        Option(
            help="What a batch left unanswered goes into the next, is asked live, or is left.", show_default="again"
        ),
    ],
    "batch_tries": Annotated[
        int | None,
        Option(metavar="N", help="In how many batches a request goes at most.", show_default=str(_DEFAULT.tries)),
    ],
    "batch_poll": Annotated[
        float | None,
        Option(
            metavar="SECONDS",
            help="The longest wait before a provider is asked again.",
            show_default=f"{_DEFAULT.poll_s:g}",
        ),
    ],
    "cancel_batches": Annotated[
        bool, Option("--cancel-batches", help="Cancel what is under way at the providers, and ask nobody.")
    ],
}


@dataclass(frozen=True)
class BatchFlags:
    """Be what a command line says of providers' batches."""

    declared: ProviderBatch | None
    cancels: bool


def with_batches(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of providers' batches; it receives them as its argument `batches`.

    Args:
        command: What to run.
    """
    own = [p for p in inspect.signature(command).parameters.values() if p.name != "batches"]
    flags = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if type(None) in get_args(get_args(_FLAGS[name])[0]) else False,
            annotation=_FLAGS[name],
        )
        for name in _FLAGS
    ]

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        given = {name: options.pop(name) for name in _FLAGS}
        with misused():
            batches = _read(given)
        command(*args, batches=batches, **options)

    signature = inspect.Signature([*own, *flags])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run


def _read(given: dict[str, Any]) -> BatchFlags:
    options = {
        name: value
        for name, value in (
            ("failed", given["batch_failed"]), ("tries", given["batch_tries"]), ("poll_s", given["batch_poll"]),
        )
        if value is not None
    }  # fmt: skip
    if options and given["cancel_batches"]:
        raise Misuse(
            f"found {_flags_of(options)} with --cancel-batches, which sends nothing and waits a minute at most, "
            "expected it without; leave that out"
        )
    if options and not given["provider_batch"]:
        raise Misuse("found an option of provider batches without --provider-batch, expected both; add it")
    declared = ProviderBatch(**options) if given["provider_batch"] else None
    if declared:
        declared.check()
    if "tries" in options and declared and declared.failed != "again":
        raise Misuse(
            f"found --batch-tries with --batch-failed {declared.failed}, by which a request is in one batch only, "
            "expected one of them; leave the other out"
        )
    return BatchFlags(declared, bool(given["cancel_batches"]))


def _flags_of(options: Mapping[str, Any]) -> str:
    names = {"failed": "--batch-failed", "tries": "--batch-tries", "poll_s": "--batch-poll"}
    return " and ".join(names[name] for name in options)


def tiers_unsent(models: Iterable[Model]) -> list[str]:
    """Say in a line that tiers which models are to be asked for have no effect; nothing where there are none.

    Args:
        models: Whom batches ask.
    """
    tiers = dict.fromkeys(filter(None, map(tier_in, models)))
    return [f"the tier {', '.join(tiers)} is not asked for: a provider's batch is a tier of its own"] if tiers else []


def terms_of(moa: Graph, prices: Mapping[str, PriceTable]) -> list[str]:
    """Say in a line each what batches of a mixture's models cost, and what is not known of their servers.

    Args:
        moa: The mixture.
        prices: The user's own prices.
    """
    labels: dict[float, dict[str, None]] = {}
    servers: dict[str, None] = {}
    models = list(models_asked(moa))
    for wire in filter(None, map(wire_of, models)):
        names = (f"{wire.provider}:{wire.model_name}", wire.model_name)
        own = next((prices[name].batch for name in names if name in prices), None)
        share = price_factor(wire.base_url, BATCH, *names) if own is None else own
        labels.setdefault(1.0 if share is None else share, {})[wire.model_name] = None
        servers[wire.base_url] = None
    lines = [
        f"batches at {f'{share:.0%} of the list price' if share < 1 else 'the list price'}: {', '.join(named)}"
        for share, named in sorted(labels.items())
    ]
    unknown = [limits for limits in map(batch_limits, servers) if limits.provider is None]
    return [*lines, *map(str, unknown[:1]), *tiers_unsent(models)]


class WaveWords(NamedTuple):
    """Say how far a wave has come, in the provider's own words."""

    name: str
    answered: str
    batches: str
    states: str
    why: str
    """Why batches failed, each reason once; empty where none did."""

    @property
    def line(self) -> str:
        """Return all of it."""
        why = f" ({self.why})" if self.why else ""
        return f"{self.name}: {self.answered}; {self.batches}: {self.states}{why}"


def wave_words(wave: Wave) -> WaveWords:
    """Return the parts of what is said of a wave."""
    states = Counter(parcel.state or parcel.stage for parcel in wave.parcels)
    failed = f", {wave.failed:,} failed" if wave.failed else ""
    reasons = dict.fromkeys(escaped(parcel.why) for parcel in wave.parcels if parcel.why)
    return WaveWords(
        f"wave {wave.number}",
        f"{wave.answered:,} of {wave.requests:,} requests answered{failed}",
        "1 batch" if len(wave.parcels) == 1 else f"{len(wave.parcels):,} batches",
        ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(states.items())),
        one_line("; ".join(reasons), limit=_LINE),
    )


def ids_of(parcels: Sequence[SentParcel]) -> str:
    """Name batches as their providers do; the first of many."""
    ids = [parcel.shown or f"of the file {parcel.file}" for parcel in parcels if parcel.batch or parcel.file]
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return f"{', '.join(ids[:_SHOWN])}{more}"


def under_way_line(wave: Wave | None) -> str:
    """Say what goes on at providers when nobody waits for it any more; nothing where nothing does."""
    parcels = [parcel for parcel in wave.parcels if parcel.stage in ("creating", "created")] if wave else []
    if not parcels:
        return ""
    is_one = len(parcels) == 1
    goes_on = "1 batch goes on at its provider" if is_one else f"{len(parcels):,} batches go on at the provider"
    billed, them = ("is billed", "it") if is_one else ("are billed", "them")
    how = f"the same command fetches {them}, --cancel-batches cancels {them}"
    return f"; {goes_on} ({ids_of(parcels)}), and {billed}: {how}"


def cancelled_lines(parcels: Sequence[SentParcel], where: object) -> list[str]:
    """Say what was cancelled, what was not yet, and what becomes of the rest.

    Args:
        parcels: What was under way, as it is now.
        where: The file or folder of the rows.
    """
    given_up = [parcel for parcel in parcels if parcel.state == GIVEN_UP]
    ended = [parcel for parcel in parcels if parcel.stage == "fetched" and parcel not in given_up]
    going = [parcel for parcel in parcels if parcel.stage != "fetched" and parcel.is_certain]
    unknown = [parcel for parcel in parcels if parcel.stage != "fetched" and not parcel.is_certain]
    lines = []
    if not parcels:
        lines.append(f"nothing is under way at providers for {where}")
    if ended:
        lines.append(
            f"{_batches_are(ended, 'was', 'were')} cancelled ({ids_of(ended)}); what was answered by then is billed, "
            "and kept: the same command without --cancel-batches goes on from it"
        )
    if given_up:
        lines.append(
            f"{_batches_are(given_up, 'was', 'were')} given up ({ids_of(given_up)}), a day after it should have ended; "
            "what comes of it may still be billed: the same command without --cancel-batches asks anew"
        )
    if going:
        lines.append(
            f"{_batches_are(going, 'is', 'are')} being cancelled ({ids_of(going)}); what is answered by then is "
            "billed: the same command tells again how far they are, and without --cancel-batches fetches it"
        )
    if unknown:
        lines.append(
            f"{_batches_are(unknown, 'cannot', 'cannot')} be cancelled yet, for nobody knows which it is "
            f"({ids_of(unknown)}) until it has ended: say the same command again later"
        )
    return lines


def _batches_are(parcels: Sequence[SentParcel], one: str, many: str) -> str:
    return f"1 batch {one}" if len(parcels) == 1 else f"{len(parcels):,} batches {many}"
