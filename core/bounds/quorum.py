"""Let the proposers of one layer of one run know of each other, so that the last ones need not be waited for."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary

from langgraph.runtime import get_runtime

from ..run.records import Cut, Proposal

_RECENT = 1000


@dataclass(frozen=True)
class Quorum:
    """Stop waiting for a layer's last proposers once enough of them have answered.

    Quorum(4)               # the fourth usable proposal ends the layer
    Quorum(4, grace_s=2)    # ... two seconds later

    Calls that are cut get the status `cancelled`, and their requests are closed. A provider may bill them all the
    same, so the run's cost is then not known. A resumed run counts the answers that come in after the resumption.
    """

    k: int
    """Usable proposals that are enough, in every layer."""
    grace_s: float = 0.0
    """Seconds that the others are given after that."""


class Cutoff:
    """End one call at a time that others may bring forward; use it as an asynchronous context manager.

    Attributes:
        cause: What cut the call short, or will.
        why: The same, in one line for people.
    """

    def __init__(self) -> None:
        self.cause: Cut | None = None
        self.why: str | None = None
        self._timeout = asyncio.timeout(None)
        self._over = False

    async def __aenter__(self) -> "Cutoff":
        await self._timeout.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._over = True
        await self._timeout.__aexit__(*exc)  # type: ignore[arg-type]

    def by(self, when: float, cause: Cut, why: str) -> None:
        """Let the call end at `when`, a time of the running loop, unless it ends earlier anyway or has ended."""
        so_far = self._timeout.when()
        if not self._over and (so_far is None or when < so_far):
            self._timeout.reschedule(when)
            self.cause, self.why = cause, why

    @property
    def ends(self) -> float | None:
        """Return when the call is cut, as a time of the running loop; None while nobody knows."""
        return self._timeout.when()

    @property
    def due(self) -> bool:
        """Tell whether its time has come."""
        when = self._timeout.when()
        return when is not None and when <= asyncio.get_running_loop().time()

    @property
    def happened(self) -> bool:
        """Tell whether it ended the call."""
        return self._timeout.expired()


class Answered(NamedTuple):
    """Hold a whole answer as far as it can decide a race."""

    text: str
    """What of it is compared."""
    served: str | None
    """The model that the server says answered."""
    model: str | None = None
    """Who was asked, where that may be another than who was declared."""


Decide = Callable[[Mapping[str, Answered]], str | None]
"""Say, of the answers that are in by proposer, why the others are no longer needed; None while they are."""
Onlooker = Callable[[str, str, bool], None]
"""Is told of each usable answer: whose it is, its text, and whether it is whole."""


@dataclass(eq=False)
class Race:
    """Be one layer of one run: who is still running, and since when."""

    quorum: Quorum | None = None
    seconds: float | None = None
    """How long this layer may take, by the run's budget."""
    decide: Decide | None = None
    """What else ends it, at once."""
    read: Callable[[str], str] = str
    """What of an answer is compared."""
    heard: Onlooker | None = None
    """Who looks on."""
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    joined: set[str] = field(default_factory=set)
    _running: set[Cutoff] = field(default_factory=set)
    _usable: set[str] = field(default_factory=set)
    _answers: dict[str, Answered] = field(default_factory=dict)
    _end: tuple[float, Cut, str] | None = None

    @property
    def elapsed(self) -> float:
        """Return the seconds since it began."""
        return asyncio.get_running_loop().time() - self.started

    def enter(self, call: Cutoff) -> None:
        """Join with a call that is under way."""
        self._running.add(call)
        if self.seconds is not None:
            why = f"cut at the run's deadline: the last {self.seconds:.1f} s of its budget were over"
            call.by(self.started + self.seconds, "deadline", why)
        self._bring_forward(call)

    def leave(self, call: Cutoff) -> None:
        """Go, with an answer or without."""
        self._running.discard(call)

    def count(self, title: str, answer: str, *, served: str | None, whole: bool, model: str | None = None) -> None:
        """Take a usable answer; the one that decides ends the others' time. One that was cut decides nothing."""
        self._usable.add(title)
        if self.heard:
            self.heard(title, answer, whole)
        if whole:
            self._answers[title] = Answered(self.read(answer), served, model)
        now = asyncio.get_running_loop().time()
        if self.quorum and self._end is None and len(self._usable) >= self.quorum.k:
            k, grace = self.quorum.k, self.quorum.grace_s
            self._end = now + grace, "quorum", f"cut {grace:g} s after {k} proposals of the layer were usable"
        if self.decide and (why := self.decide(self._answers)):
            self._end = now, "agreed", why
        for other in self._running:
            self._bring_forward(other)

    def count_proposal(self, proposal: Proposal) -> None:
        """Take a usable answer that was given before."""
        whole = proposal["status"] == "ok"
        served, model = proposal["served_model"], proposal["model"]
        self.count(proposal["proposer"], proposal["text"], model=model, served=served, whole=whole)

    def _bring_forward(self, call: Cutoff) -> None:
        if self._end is not None:
            call.by(*self._end)


class _Shared(Protocol):
    """Be what siblings share, and remember who has joined."""

    joined: set[str]


_T = TypeVar("_T", bound=_Shared)


class Siblings(Generic[_T]):
    """Find what the proposers of the running superstep share, by LangGraph's own names for it.

    They share their superstep's checkpoint id and the namespace they run in; no two runs have the same. What siblings
    share is forgotten when nobody is in it. One that meets itself is in a run made again from the same checkpoint.
    """

    def __init__(self, recent: int = _RECENT) -> None:
        """Make an empty registry.

        Args:
            recent: How many layers are kept in mind between one proposer's end and the next one's start.
        """
        self._shared: WeakValueDictionary[tuple[str, ...], _T] = WeakValueDictionary()
        self._recent: deque[_T] = deque(maxlen=recent)

    def join(self, title: str, *, layer: int, start: Callable[[], _T]) -> _T:
        """Return what the layer shares, a new one for its first proposer."""
        info = get_runtime().execution_info
        parent = info.checkpoint_ns.rpartition("|")[0] if info else ""
        key = (info.checkpoint_id if info else "", parent, str(layer))
        shared = self._shared.get(key)
        if shared is None or title in shared.joined:
            shared = self._shared[key] = start()
            self._recent.append(shared)
        shared.joined.add(title)
        return shared
