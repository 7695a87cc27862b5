"""How many samples of one model a request asks for: as was declared, and as its server turned out to take."""

from collections.abc import Hashable, Sequence

from ..models.labels import model_label
from ..models.servers import SERVERS
from .seats import Seat
from .stages import Stage

_Key = tuple[str, str, str | None, int | None]


class Sampling:
    """Remember, for as long as a mixture lives, how many samples servers gave for one request.

    Samples of one request pay for their prompt once; a seat is frozen, and a server shows what it takes later.
    """

    def __init__(self) -> None:
        self._most: dict[Hashable, int] = {}

    def most(self, seat: Seat) -> int | None:
        """Return how many samples one request may ask for; None is all, and 1 is each alone."""
        if not seat.shares:
            return 1
        most = self._here
        if _key(seat) not in most and SERVERS.gives_one_choice(seat.endpoint, model_label(seat.model)):
            return 1
        return most.get(_key(seat), seat.slots)

    def learn(self, seat: Seat, most: int) -> None:
        """Keep how many a server gives at most; 1 where it knows no such requests."""
        self._here[_key(seat)] = most

    @property
    def _here(self) -> dict[Hashable, int]:
        """Return what is known: of a run that must ask the same each time, what it learned itself."""
        apart = SERVERS.samples
        return self._most if apart is None else apart

    def calls(self, stages: Sequence[Stage]) -> int:
        """Return how many calls asking these stages takes, as far as is known before."""
        return sum(self._requests(group) for stage in stages for group in stage.groups)

    def _requests(self, samples: Sequence[Seat]) -> int:
        return -(-len(samples) // (self.most(samples[0]) or len(samples)))


def _key(seat: Seat) -> _Key:
    return seat.name, seat.label, seat.endpoint, seat.slots
