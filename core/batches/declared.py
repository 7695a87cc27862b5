"""What is asked of providers' batches, and what is told of them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from ..checks import check_number
from ..errors import ConfigError
from .parcels import SentParcel

WhenFailed = Literal["again", "live", "leave"]
"""What becomes of requests that a batch did not answer, and that may do yet: they go into the next one, are asked at
once, or are left as failed."""


@dataclass(frozen=True)
class ProviderBatch:
    """Ask models in their providers' batches, at half the price, and wait for up to a day for each layer.

        await abatch(moa, "questions.jsonl", "rows.jsonl", provider_batch=ProviderBatch())
        ProviderBatch(failed="live")     # what a batch did not answer is asked at once, at the full price

    Requests and batches stand in a journal beside the rows, before they are sent: whoever is killed starts the same
    again, and nothing is paid for twice.
    """

    poll_s: float = 60.0
    """How long to wait at most before providers are asked again how far they are; at first it is less."""
    failed: WhenFailed = "again"
    """What becomes of requests that expired, were cancelled, or failed in passing; a refusal stays one."""
    tries: int = 3
    """In how many batches a request is sent at most, before it is left as failed."""

    def check(self) -> None:
        """Refuse what could not work.

        Raises:
            ConfigError: An option is wrong.
        """
        check_number("poll_s", self.poll_s, above=0)
        check_number("tries", self.tries, minimum=1, whole=True)
        if self.failed not in get_args(WhenFailed):
            raise ConfigError(f"found failed={self.failed!r}, expected one of {', '.join(get_args(WhenFailed))}")


class Wave(NamedTuple):
    """Say how far the batches have come that are under way together."""

    number: int
    """The how many-th of this call it is."""
    parcels: tuple[SentParcel, ...]
    note: str | None = None
    """What else happened, in a sentence: a provider that cannot be reached, requests that are sent again."""
    ended: bool = False
    """Whether all of them have come back."""

    @property
    def requests(self) -> int:
        """Return how many requests it holds."""
        return sum(parcel.requests for parcel in self.parcels)

    @property
    def answered(self) -> int:
        """Return how many of them providers have answered, as they say."""
        return sum(parcel.completed for parcel in self.parcels)

    @property
    def failed(self) -> int:
        """Return how many failed so far."""
        return sum(parcel.failed for parcel in self.parcels)
