"""Ask all questions at once, or in rounds, each of which ends where all calls wait for providers' batches."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...core.batches.accounts import account_of, check_accounts
from ...core.batches.declared import ProviderBatch, Wave
from ...core.batches.journal import Journal
from ...core.batches.journal_file import journal_beside
from ...core.batches.parcels import Parcels
from ...core.batches.providers import batches_at
from ...core.batches.sending import Sending
from ...core.batches.tiers import batch_limits
from ...core.bounds.budget import Budget
from ...core.deferral import reckoned_in_batches
from ...core.errors import ConfigError
from ...core.models.capabilities import Model, is_one_call, provider_of, wire_of
from ...core.models.labels import model_label
from ...core.models.prices import FREE_PROVIDERS
from ...core.run.state import Graph
from ...core.wire.sending import Address
from ...graphs.asked import models_asked
from ...graphs.plan import plan_of
from .ids import Ids
from .one_question import bound_of
from .questions import Questions
from .reading import questions_in
from .rows import RowFile
from .survey import DONE, TO_ASK, breathing
from .tally import OnRow, Tally
from .workers import AskedBy, Workers


@dataclass(frozen=True)
class BatchWork:
    """Be all that a batch asks, of whom, and where it is written."""

    moa: Graph
    questions: Questions
    ids: Ids
    file: RowFile
    tally: Tally
    on_row: OnRow | None
    concurrency: int
    retry_errors: bool
    proposals: bool
    asks_live: bool = False
    """Whether what batches do not answer is asked at once, at the full price."""
    asked_by: AskedBy | None = None
    """Who asks the questions; None is this process."""

    async def once(self) -> None:
        """Answer what is left, or what the budget allows of it."""
        workers = await self.run()
        workers.check_all_came()

    async def run(self, journal: Journal | None = None, live: frozenset[str] = frozenset(), probes: int = 0) -> Workers:
        """Go through all questions once, and answer what can be.

        Args:
            journal: What has the answers of calls that providers' batches make.
            live: Servers that are asked now all the same.
            probes: How many questions are run that wait, to see whether they ask what they asked before.
        """
        workers = Workers(
            self.moa,
            (self.asked_by.going if self.asked_by else breathing)(questions_in(self.questions)),
            self.ids,
            self.file,
            self.tally,
            self.on_row,
            retry_errors=self.retry_errors,
            proposals=self.proposals,
            journal=journal,
            live=live,
            probes=probes,
            asks_live=self.asks_live,
            asked_by=self.asked_by,
        )
        try:
            await workers.run(min(self.concurrency, self.tally.questions))
        finally:
            if workers.replaced:
                self.file.settle()
        return workers


def check_batched(moa: Graph, declared: ProviderBatch, budget: Budget | None) -> dict[str, Address]:
    """Refuse what cannot be asked in providers' batches, and return where all others are asked.

    Args:
        moa: The mixture.
        declared: How batches are made.
        budget: The bounds of the whole batch.

    Raises:
        ConfigError: Something cannot.
    """
    declared.check()
    if any(node.partition("/")[0] == "sections" for node in moa.builder.nodes):
        raise ConfigError(
            "found a mixture that writes by sections, while its proposers still answer, expected one that waits for "
            "them: in a provider's batch all answers come at once; use create_moa"
        )
    if budget and budget.seconds is not None:
        raise ConfigError(
            f"found seconds={budget.seconds:g} in the budget of a provider's batch, which takes up to a day for each "
            "layer, expected none; leave it out"
        )
    return addresses_of(models_asked(moa), declared)


def addresses_of(models: Iterable[Model], declared: ProviderBatch | None = None) -> dict[str, Address]:
    """Return where models are asked whose requests can go into providers' batches.

    Args:
        models: Whom; what runs in this process answers at once, and needs no address.
        declared: How batches are made; None makes no new ones.

    Raises:
        ConfigError: A request of one of them cannot.
    """
    addresses: dict[str, Address] = {}
    for model in models:
        if provider_of(model) in FREE_PROVIDERS and is_one_call(model) and not wire_of(model):
            continue  # what runs in this process answers at once
        wire = wire_of(model)
        if wire is None or not is_one_call(model) or provider_of(model) in FREE_PROVIDERS:
            raise ConfigError(
                f"found {model_label(model)}, which asks its server itself, or several times, expected models by name, "
                "over the transport `lean`: only their requests can go into a provider's batch; name it as "
                "provider:model, or leave the provider's batch out"
            )
        address = wire.address
        if declared and declared.failed != "live":
            _check_taken(address, wire.model_name)
        if (other := addresses.setdefault(address.bare, address)) and account_of(other) != account_of(address):
            raise ConfigError(
                f"found two keys, or other headers, for {address.bare}, expected one: a provider's batch is one "
                "account's; run two batches"
            )
    return addresses


def _check_taken(address: Address, model: str) -> None:
    """Refuse what its provider is known to take into no batch of a kind that is spoken here."""
    limits = batch_limits(address.url)
    if limits.api == "jobs":
        untaken = f"{limits.provider}, whose batches are jobs of a form of its own, expected one of files and batches"
    elif model in limits.refused:
        untaken = f"{model}, which {limits.provider} takes into no batch, expected another model of it"
    else:
        return
    raise ConfigError(
        f"found {untaken}; leave the provider's batch out, or have it asked at once, at its full price: "
        "--batch-failed live"
    )


async def ask_in_rounds(
    work: BatchWork, declared: ProviderBatch, addresses: Mapping[str, Address], on_wave: Callable[[Wave], None] | None
) -> None:
    """Run each question until its calls wait, send those as batches, and again with what came of them.

    Args:
        work: The questions.
        declared: How batches are made.
        addresses: Where models are asked.
        on_wave: Called whenever a provider says how far it is.

    Raises:
        ConfigError: A provider takes no batches, or refuses them, or the journal cannot be used.
    """
    path, mixture = journal_beside(work.file.path), plan_of(work.moa).rules.mixture
    journal = Journal(path, mixture=mixture, before_forgetting=work.file.keep)
    try:
        await _forget_done(work, journal)
        await _set_aside(work, journal)
        sending = await sending_of(journal, addresses, declared, on_wave)
        is_idle, probes = False, 1  # what was changed is told at once, and not a day later
        while True:
            before = work.tally.report()["left"]
            workers = await work.run(journal, frozenset(sending.live), probes)
            journal.save()
            journal.begins_anew, probes = False, 0
            if work.tally.stopped:
                break
            was_idle, is_idle = is_idle, work.tally.report()["left"] == before
            if await sending.wave():
                is_idle = False
            elif (was_idle and is_idle) or not (workers.is_full or journal.has_open()):
                workers.check_all_came()
                break
    finally:
        journal.close()
    if not work.tally.report()["left"]:
        journal.remove()


async def sending_of(
    journal: Journal,
    addresses: Mapping[str, Address],
    declared: ProviderBatch,
    on_wave: Callable[[Wave], None] | None,
) -> Sending:
    """Return who sends what a journal holds.

    Args:
        journal: The journal.
        addresses: Where models are asked.
        declared: How batches are made.
        on_wave: Called whenever a provider says how far it is.

    Raises:
        ConfigError: What is under way is in another account than that of these keys.
    """
    providers = {server: batches_at(address) for server, address in addresses.items()}
    await check_accounts(journal, addresses, providers)
    return Sending(Parcels(journal), providers, declared, on_wave or _nobody)


def _nobody(wave: Wave) -> None:
    """Tell nobody."""


async def _forget_done(work: BatchWork, journal: Journal) -> None:
    """Forget what is known of questions that are asked no more, or whose row was written just before a kill."""
    async for question in breathing(journal.questions()):
        status = work.ids[question]
        if status in (None, DONE) or (status != TO_ASK and not work.retry_errors):
            journal.forget(question)


async def _set_aside(work: BatchWork, journal: Journal) -> None:
    """Reckon with what questions cost at most whose calls are under way: they were paid for, or will be."""
    if work.tally.budget is None or not journal.has_requests():
        return
    async for question in breathing(questions_in(work.questions)):
        if journal.knows(question.id):
            with reckoned_in_batches(are_all=not work.asks_live):
                work.tally.set_aside(question.id, bound_of(work.moa, question))
