"""A journal whose requests wait, and who sends them to a server of the tests."""

from collections import Counter
from pathlib import Path

from batch_server import BatchServer
from batched import SOON, journal_with
from langgraph_moa import ProviderBatch
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.core.batches.parcels import Parcels
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.batches.sending import Sending
from langgraph_moa.core.wire.sending import Address, Headers


class Sender:
    """Be a journal whose requests wait, and who sends them."""

    soon = SOON

    def __init__(
        self, server: BatchServer, path: Path, requests: int, declared: ProviderBatch = SOON, headers: Headers = ()
    ) -> None:
        self.headers = headers
        self.server, self.path, self.declared = server, path, declared
        self.waves: list[Wave] = []
        self.journal: Journal
        self.parcels: Parcels
        self.begin(requests)

    def begin(self, requests: int = 0) -> Sending:
        self.journal, self.parcels = journal_with(self.path, requests, server=self.server.url)
        return self.go_on()

    def go_on(self) -> Sending:
        """Begin with the same journal again."""
        providers = {self.server.url: batches_at(Address(self.server.url, "key", self.headers, attempts=1))}
        self.sending = Sending(self.parcels, providers, self.declared, self.waves.append)
        return self.sending

    def begin_again(self, requests: int) -> None:
        self.journal.remove()
        self.begin(requests)

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.journal.db.execute("SELECT state FROM requests"))
