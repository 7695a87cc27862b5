"""Write down what came of a batch, and decide what becomes of the requests that it did not answer."""

import logging
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from ..clock import unix_time
from ..errors import ConfigError
from ..text import one_line, plain
from ..wire.refusals import ServerError, may_pass
from ..wire.wording import words_in
from .account_refusals import is_accounts
from .declared import ProviderBatch
from .journal import RequestState
from .parcels import Parcels, SentParcel, undisturbed
from .provider import BatchProvider, BatchResult, BatchStatus

_AT_ONCE = 500
"""Answers that are written down together."""
_ALL = 2**31
"""More batches than a request is ever in."""
_SHOWN = 400
_DAY = 86_400.0
"""Seconds that a batch may take, where its provider says nothing else, and after its end until it is given up."""
_log = logging.getLogger(__name__)


class Settling:
    """Settle the parcels of a journal."""

    def __init__(
        self, parcels: Parcels, declared: ProviderBatch, provider_of: Callable[[SentParcel], BatchProvider]
    ) -> None:
        self._parcels, self._declared, self._provider_of = parcels, declared, provider_of
        self.is_cancelling = False
        """Whether all batches are cancelled, so that what they did not answer counts no try."""
        self.refusal: tuple[str, str] | None = None
        """Which server refused for what only who has the account can mend, and in which words."""
        self.overdue: set[int] = set()
        """Parcels whose batch should have ended a day ago."""

    async def store(self, sent: SentParcel, status: BatchStatus) -> None:
        """Write down what came of each request.

        Args:
            sent: Whose it is.
            status: What became of the batch.

        Raises:
            ServerError: It cannot be read to its end.
        """
        together: list[BatchResult] = []
        async with aclosing(self._provider_of(sent).results(status)) as results:
            async for result in results:
                together.append(result)
                if len(together) >= _AT_ONCE:
                    self._store(sent, together)
                    together = []
        self._store(sent, together)

    def _store(self, sent: SentParcel, results: list[BatchResult]) -> None:
        refused = [result for result in results if is_accounts(result.status, result.body)]
        if refused:
            self.note_refusal(sent, words_in(refused[0].body))
        for_account = {result.custom_id for result in refused}
        self._parcels.store(
            sent.number, results, lambda one: one.custom_id in for_account or one.status is None or may_pass(one.status)
        )

    def note_refusal(self, sent: SentParcel, words: str | None) -> None:
        """Note that nothing more is to be had from a server until its account is in order.

        Args:
            sent: What was refused.
            words: What the server said.
        """
        self.refusal = sent.server, plain(one_line(words or "without a word", limit=_SHOWN))

    def check_account(self) -> None:
        """Refuse to go on where an account has to be mended first.

        Raises:
            ConfigError: It has.
        """
        if self.refusal and not self.is_cancelling:
            server, words = self.refusal
            raise ConfigError(
                f"{server} refuses all that this account asks: {words}; give it credit, a higher limit or another key "
                "of the same account, and start the same again: what was refused waits, and counts no try"
            )

    def oddness(self, sent: SentParcel, status: BatchStatus) -> str | None:
        """Say what is odd about a batch that goes on; None where nothing is.

        Args:
            sent: Its parcel.
            status: What its provider says.
        """
        ends = status.expires or (sent.began + _DAY if sent.began else None)
        if ends and ends + _DAY < unix_time():
            self.overdue.add(sent.number)
            return f"{sent.server} should have ended the batch {sent.shown} a day ago: --cancel-batches gives it up"
        if status.word:
            return f"{sent.server} says {status.word!r} of the batch {sent.shown}, which is no state that is known"
        return None

    async def requeue(self, sent: SentParcel) -> None:
        """Let the requests of a parcel wait again, as if they had never been in it."""
        await undisturbed(partial(self._parcels.settle, sent.number, why="", tries=_ALL, state="failed", counts=False))

    async def settle(
        self, sent: SentParcel, why: str, *, is_late: bool = False, is_final: bool = False, is_free: bool = False
    ) -> None:
        """Decide on the requests of a parcel that have no answer, as it was declared.

        Args:
            sent: The parcel, as it was before it ended.
            why: What became of its batch.
            is_late: Whether it expired.
            is_final: Whether a next batch would end the same.
            is_free: Whether nothing is billed of which nothing was said.
        """
        if self.is_cancelling or sent.state == "cancelling":
            return await self.requeue(sent)
        declared = self._declared
        tries = declared.tries if declared.failed == "again" and not is_final else None
        state: RequestState = "live" if declared.failed == "live" else "expired" if is_late else "failed"
        why = one_line(why, limit=_SHOWN)
        await undisturbed(
            partial(self._parcels.settle, sent.number, why=why, tries=tries, state=state, is_free=is_free)
        )
        return None

    async def forget(self, sent: SentParcel) -> None:
        """Delete the file of a parcel."""
        sent = self._parcels.parcel(sent.number)  # with its file
        try:
            await self._provider_of(sent).forget(self._parcels.as_parcel(sent))
        except ServerError as exc:  # a file that stays costs nothing
            _log.debug("%s: the file %s stays: %s", sent.server, sent.file, exc)
