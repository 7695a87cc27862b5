"""Answer the calls of a run from a journal, and end it for now where an answer is still to come."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from langgraph.config import get_config
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from ..deferral import Keep, Note, part_here
from ..errors import ConfigError
from ..text import one_line, strike_out
from ..wire.parsing import read_json
from ..wire.refusals import ServerError, ServerTimeout, may_pass, refusal
from ..wire.sending import Address
from .journal import Journal, RecordedRequest, RequestState

_WAITS = "langgraph-moa: waits for a provider's batch"
_ITS_ID = "langgraph-moa-deferred"
"""What LangGraph knows the interrupt by; those of others are numbers."""
_SHOWN = 200


class Deferred(GraphInterrupt):
    """Tell that a run goes on once a provider's batch has come back.

    LangGraph lets the other nodes of the superstep go on, so that what they ask is written down as well, and ends the
    run; run again, each call finds its answer in the journal.
    """

    def __init__(self) -> None:
        super().__init__([Interrupt(value=_WAITS, id=_ITS_ID)])


def waits_for_batch(interrupts: Any) -> bool:
    """Tell whether a run was ended by a `Deferred`, of what LangGraph says of its interrupts."""
    return any(getattr(interrupt, "id", None) == _ITS_ID for interrupt in interrupts or ())


class Deferring:
    """Be one run, whose calls are answered from a journal."""

    def __init__(self, journal: Journal, question: str, *, live: frozenset[str] = frozenset()) -> None:
        """Begin a run.

        Args:
            journal: Where the answers are.
            question: Whose run it is; no other of the journal has its name.
            live: The servers that are asked at once, for they take no batches.
        """
        self.asks_now = bool(live) or journal.has_live(question)
        self._journal, self._question, self._live = journal, question, live
        self.at_the_end: list[Callable[[], Awaitable[None]]] = []
        self._times = Counter[str]()
        self._wanted, self._added_at = set[int](), set[str]()

    def answer_to(self, address: Address, body: bytes) -> bytes | Keep:
        """Return the answer that is there, or what keeps it once it is asked for now.

        The same request of the same node is another one each time: two samples of one model must not be one answer.

        Raises:
            ServerError: The request failed.
            Deferred: The answer is still to come.
        """
        key = self._key(address, body)
        server = address.bare
        recorded = self._journal.look_up(key)
        if recorded is None:
            state: RequestState = "live" if server in self._live else "waiting"
            place = _place()
            number = self._journal.add(
                key, question=self._question, place=place, server=server, model=_model_in(body), body=body, state=state
            )
            self._added_at.add(place)
            recorded = RecordedRequest(number, state, None, None, None)
        self._wanted.add(recorded.number)
        if recorded.state == "answered":
            return recorded.answer or b""
        if recorded.state in ("failed", "expired"):
            raise _failure(recorded, address)
        if recorded.state == "live":
            return _Live(self._journal, recorded.number, address)
        raise Deferred

    def recalled(self, about: str) -> bytes | Note:
        """Return what came of something in an earlier run, or what writes it down."""
        name = self._nth("fact", about)
        fact = self._journal.fact(self._question, name)
        return partial(self._journal.note_fact, self._question, name) if fact is None else fact

    def asks_otherwise(self) -> bool:
        """Tell, once the run has ended, whether it asks something else than what was asked before in its place.

        Where a node asks anew, it has wanted all that it asked earlier; else what was asked then is wanted by nobody.
        """
        places = self._journal.places(self._question) if self._added_at else ()
        return any(place in self._added_at and number not in self._wanted for number, place in places)

    def check_unchanged(self, name: str) -> bool:
        """Refuse to ask otherwise than before; tell whether all may go on, and not begin anew after a cancellation.

        Args:
            name: Whose run it is, in words.

        Raises:
            ConfigError: It asks something else; what it added is not there any more.
        """
        if not self.asks_otherwise():
            return True
        if self._journal.begins_anew:
            self._journal.forget(self._question)
            return False
        self._journal.undo()
        raise ConfigError(
            f"found that {one_line(name, limit=_SHOWN)} asks something else than what providers' batches were asked "
            f"for it, expected the same (options, prompts, schema, text) as {self._journal.path} has; go on with those "
            "that it was begun with, or cancel what is under way, with --cancel-batches, and begin anew; what differs "
            "each time, as a prompt that holds the time, is asked without --provider-batch"
        )

    def _key(self, address: Address, body: bytes) -> str:
        return self._nth(address.bare, sha256(body).hexdigest())

    def _nth(self, *parts: str) -> str:
        """Name something that is done for the how manieth time by this node in this run."""
        about = "|".join([self._question, _place(), *parts])
        self._times[about] += 1
        return sha256(f"{about}|{self._times[about]}".encode("utf-8", "replace")).hexdigest()


class _Live(NamedTuple):
    """Be a request that is sent now."""

    journal: Journal
    number: int
    address: Address

    def answered(self, answer: bytes) -> None:
        self.journal.answer(self.number, answer)

    def failed(self, failure: Exception) -> None:
        status, body = getattr(failure, "status_code", None), getattr(failure, "body", None)
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        hidden, why = (strike_out(words, self.address.secrets) for words in (text, str(failure)))
        is_late = isinstance(failure, TimeoutError)
        self.journal.fail(self.number, status, hidden.encode("utf-8", "replace"), why, is_late=is_late)


def _place() -> str:
    """Name who asks: the part of the run, and its node."""
    return f"{part_here()}|{_node()}"


def _node() -> str:
    """Name the node that asks, as it is named in every run of the same question."""
    try:
        about = get_config().get("metadata") or {}
    except RuntimeError:  # nobody asks within a graph
        return ""
    # Behind the name of each graph around stands the id of a task, which is another one in every run.
    graphs = [part.partition(":")[0] for part in str(about.get("langgraph_checkpoint_ns", "")).split("|")]
    return "/".join([*graphs, str(about.get("langgraph_node", "")), str(about.get("langgraph_step", ""))])


def _model_in(body: bytes) -> str:
    request = read_json(body)
    return str(request.get("model", "")) if isinstance(request, dict) else ""


def _failure(recorded: RecordedRequest, address: Address) -> ServerError:
    """Return what a request failed with, as if it had been asked now."""
    if recorded.status is None:
        why = recorded.why or "the batch ended without it"
        failure: ServerError = ServerTimeout(why) if recorded.state == "expired" else ServerError(why)
        failure.was_billed = not recorded.is_free
    else:
        failure = refusal(
            recorded.status, recorded.answer or b"", url=address.url, location=None, secrets=address.secrets
        )
        failure.is_retryable = may_pass(recorded.status, str(failure))
    failure.url = address.bare
    return failure
