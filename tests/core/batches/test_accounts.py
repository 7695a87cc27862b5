"""Keys are told apart, and no key is written down; more in tests/evaluation/batch/rounds/test_going_on.py."""

from pathlib import Path

from batched import journal_with
from langgraph_moa.core.batches.accounts import check_accounts
from langgraph_moa.core.wire.sending import Address


async def test_keys_are_told_apart_by_what_tells_nobody_the_key(tmp_path: Path) -> None:
    digests = set()
    for number, key in enumerate(("key-1", "key-1", "key-2")):
        journal, _ = journal_with(tmp_path / f"j{number // 2}-{number}")
        await check_accounts(journal, {"s": Address("http://s/v1", key)}, {})
        await check_accounts(journal, {"s": Address("http://s/v1", "key-3")}, {})  # nothing is under way
        digests.add(journal.noted("account s"))
        journal.close()
    assert len(digests) == 3  # each with a salt of its own
