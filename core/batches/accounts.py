"""Know whose account batches are in, by a digest of its key: another account knows nothing of them."""

from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex

from ..errors import ConfigError
from ..wire.refusals import ServerError
from ..wire.sending import Address
from .journal_file import JournalFile
from .parcels import Parcels, SentParcel
from .provider import BatchProvider, refusals_explained

_SHOWN = 12
"""Hexadecimal digits of a digest: enough to tell a key from another, and of no use to whoever looks for it."""
_UNKNOWN = (403, 404)
"""With what a provider answers who asks for a batch of another account."""


def account_of(address: Address) -> tuple[object, ...]:
    """Return what decides whose account requests are made in."""
    return address.key, address.headers, address.query


async def check_accounts(
    journal: JournalFile, addresses: Mapping[str, Address], providers: Mapping[str, BatchProvider]
) -> None:
    """Refuse to go on with another account's key, with which all that is under way would be made, and billed, again.

    Args:
        journal: What is under way.
        addresses: With which keys servers are asked now.
        providers: Who takes batches there. A key that is new, but knows what is under way, is of the same account.

    Raises:
        ConfigError: It does not, or a provider refuses.
    """
    salt = journal.noted("salt") or token_hex(16)
    journal.note("salt", salt)
    parcels = Parcels(journal)
    for server, address in addresses.items():
        digest = sha256(repr((salt, account_of(address))).encode("utf-8", "replace")).hexdigest()[:_SHOWN]
        before = journal.noted(f"account {server}")
        if before not in (None, digest):
            sent = [one for one in parcels.under_way() if one.server == server and one.stage != "uploading"]
            if sent and not await _knows_any(providers[server], sent, parcels):
                raise ConfigError(
                    f"found another key for {server}, whose account does not know the batches that {journal.path} has "
                    "under way, expected one of the account that they were made in: they would be made and billed "
                    "again; go on with a key of that one"
                )
        journal.note(f"account {server}", digest)
    journal.save()


async def _knows_any(provider: BatchProvider, parcels: list[SentParcel], all_: Parcels) -> bool:
    with refusals_explained("does not tell what became of its batches"):
        for sent in sorted(parcels, key=lambda one: one.stage != "created"):
            try:
                if sent.batch:
                    await provider.poll(sent.batch)
                    return True
                if await provider.find(all_.as_parcel(sent), all_.batches(sent.server)):
                    return True
            except ServerError as exc:
                if exc.status_code not in _UNKNOWN:
                    raise
    return False
