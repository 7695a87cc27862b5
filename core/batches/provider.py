"""What a provider of batches is asked for, whichever form it speaks."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from ..errors import ConfigError
from ..text import one_line, plain, strike_out
from ..wire.parsing import read_json
from ..wire.refusals import ServerError, UnreadableAnswer

BatchState = Literal[
    "validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"
]
"""How OpenAI calls what becomes of a batch; other providers' words are told in these."""
_FULL = {"token_limit_exceeded", "rate_limit_exceeded", "request_limit_exceeded"}
_MOST_COUNTED, _LONGEST_ID, _LONGEST_WORD = 10**12, 256, 40
_MOST_ERROR = 2**20
"""Bytes of what a request was refused with; an answer is not cut."""
PAGE, PAGES = 100, 100
"""How many batches of a list are asked for at once, and how often at most."""
_EITHER, _OF = "+", "?"
"""What stands between batches of which one is a parcel's, and before its name."""
ENDED: frozenset[BatchState] = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True)
class BatchRequest:
    """Be one request of a batch."""

    custom_id: str
    """What its answer is found by: at most 64 letters, digits, `-` and `_`, unique in all batches of a journal."""
    body: bytes
    """What would be posted if it were asked alone."""


@dataclass(frozen=True)
class Parcel:
    """Be what is sent as one batch; it is written down before it is sent."""

    name: str
    """A name that no other batch has, of letters, digits, `-` and `.`."""
    count: int
    """How many requests it holds."""
    requests: Callable[[], Iterator[BatchRequest]]
    """Goes through them, as often as it is called."""
    file: str = ""
    """What uploading returned; empty where it was not uploaded yet, or the form knows no files."""
    began: float = 0.0
    """When it was about to be created, in seconds since 1970."""


@dataclass(frozen=True)
class BatchStatus:
    """Say how far a batch has come."""

    batch: str
    """Its id at the provider."""
    state: BatchState
    completed: int = 0
    """Requests that were answered so far."""
    failed: int = 0
    error: str | None = None
    """Why it failed as a whole, in one line, without secrets."""
    is_full: bool = False
    """Whether it failed because too much is queued already: the same may do later, in smaller parts."""
    is_accounts: bool = False
    """Whether it failed for what only who has the account can mend."""
    outputs: tuple[str, ...] = ()
    """Where its answers are, and its errors: ids of files, or addresses."""
    is_certain: bool = True
    """Whether it is known to be the batch that was looked for, and not one of several."""
    word: str = ""
    """What its provider calls its state, in letters that may be shown, where that is no word that is known."""
    expires: float | None = None
    """By when it should have ended, in seconds since 1970; None where its provider does not say."""

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more will come of it."""
        return self.state in ENDED


@dataclass(frozen=True)
class BatchResult:
    """Be what became of one request of a batch."""

    custom_id: str
    status: int | None
    """The HTTP status; None where it was never asked: expired, or cancelled."""
    body: bytes
    """What it would have been answered with then, `batch` as its `service_tier`, or an error, without secrets."""

    @property
    def is_answer(self) -> bool:
        """Tell an answer from what failed."""
        return self.status is not None and 200 <= self.status < 300

    def without(self, secrets: Collection[str]) -> "BatchResult":
        """Return it without what an error repeats of secrets; an answer is what the model said.

        Args:
            secrets: Keys and headers.
        """
        if self.is_answer:
            return self
        text = strike_out(self.body[:_MOST_ERROR].decode("utf-8", "replace"), secrets)
        return BatchResult(self.custom_id, self.status, text.encode("utf-8", "replace"))


class BatchProvider(Protocol):
    """Send batches to one address, and fetch what came of them.

    Each method raises `ServerError` where the provider refuses, or cannot be reached; only what can be asked twice
    without harm is asked again by itself: `create` never is.
    """

    async def upload(self, parcel: Parcel) -> str:
        """Send a parcel's requests as a file, and return its id; an empty one where the form knows no files."""
        ...

    async def create(self, parcel: Parcel) -> BatchStatus:
        """Create the batch."""
        ...

    async def find(self, parcel: Parcel, others: Collection[str]) -> BatchStatus | None:
        """Find a batch that may have been created when the process was killed; `others` are ids of other parcels."""
        ...

    async def poll(self, batch: str) -> BatchStatus:
        """Ask how far a batch has come."""
        ...

    def results(self, status: BatchStatus) -> AsyncGenerator[BatchResult]:
        """Yield what came of each request, in whatever order, of a batch that ended; a request may be missing."""
        ...

    async def cancel(self, batch: str) -> BatchStatus:
        """Ask that a batch be cancelled; what was answered by then can be fetched."""
        ...

    async def forget(self, parcel: Parcel) -> None:
        """Delete the file that was uploaded; one that is gone already is no error."""
        ...


def is_full_code(code: str) -> bool:
    """Tell a code which says that too much is queued already."""
    return code in _FULL


def id_in(sent: Any) -> str:
    """Return the id of a file or batch that a provider tells of.

    Args:
        sent: What it says.

    Raises:
        UnreadableAnswer: There is none, or what cannot be one.
    """
    id_ = sent.get("id")
    if not is_id(id_):
        raise UnreadableAnswer("found no id in what the server says of a file or batch, expected one")
    return str(id_)


def is_id(value: object) -> bool:
    """Tell what can be an id: some letters, none of which would have to be escaped."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isascii() and value.isprintable()


def count_in(counts: Any, name: str) -> int:
    """Return a count that a provider tells; 0 where it is none."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if type(value) is int and 0 <= value < _MOST_COUNTED else 0


def time_in(sent: Mapping[str, Any], name: str) -> float | None:
    """Return a time that a provider tells, as a number or a text; None where it is none.

    Args:
        sent: What it says.
        name: Its field.
    """
    value = sent.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value < _MOST_COUNTED else None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def object_sent(body: bytes, what: str) -> dict[str, Any]:
    """Return the object that a provider answers with.

    Args:
        body: Its answer.
        what: What it should be.

    Raises:
        UnreadableAnswer: It is none.
    """
    sent = read_json(body)
    if not isinstance(sent, dict):
        raise UnreadableAnswer(f"found no JSON object in the answer's place, expected {what}; is the base URL right?")
    return sent


def shown_word(word: str) -> str:
    """Return a provider's word as it can be shown and written down; empty where it says nothing."""
    return plain(one_line(word, limit=_LONGEST_WORD))


def one_of(batches: Iterable[str], name: str) -> str:
    """Return in a word several batches, one of which is a parcel's.

    Args:
        batches: Their ids.
        name: The parcel's.
    """
    return f"{_EITHER.join(batches)}{_OF}{name}"


def candidates(batch: str) -> tuple[list[str], str]:
    """Return the batches that such a word stands for, and the parcel's name, which is empty where it is one's id."""
    batches, _, name = batch.partition(_OF)
    return (batches.split(_EITHER) if name else [batch]), name


@contextmanager
def refusals_explained(what: str = "does not take batches now") -> Iterator[None]:
    """Say what to do where a provider refuses.

    Args:
        what: What it does not do.

    Raises:
        ConfigError: It does.
    """
    try:
        yield
    except ServerError as exc:
        raise ConfigError(
            f"{exc.url or 'a provider'} {what}: {exc}; mend that, and start the same again: what is "
            "under way is in the journal"
        ) from exc
