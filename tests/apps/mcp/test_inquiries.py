"""Questions under way, for whoever comes back for the answer."""

import asyncio
from typing import Any

import pytest
from langgraph_moa import InputError
from langgraph_moa.apps.mcp.inquiries import Inquiries
from mcp_clients import Slow


async def test_no_more_are_kept_than_that() -> None:
    async def nothing(*_: Any) -> None: ...

    slow = Slow()
    inquiries = Inquiries(slow.moa, most=2)
    first, second = (inquiries.start("Which?") for _ in range(2))
    with pytest.raises(InputError, match="found 2 questions under way, expected fewer"):
        inquiries.start("Which?")
    slow.goes_on.set()
    assert await first.wait(10, nothing)
    third = inquiries.start("Which?")

    assert inquiries.find(second.id) is second
    assert inquiries.find(third.id) is third
    with pytest.raises(InputError, match="or is older than the 2 that are kept"):
        inquiries.find(first.id)
    await inquiries.close()


async def test_who_waits_for_what_another_cancelled_is_told() -> None:
    async def nothing(*_: Any) -> None: ...

    slow = Slow()
    inquiries = Inquiries(slow.moa)
    inquiry = inquiries.start("Which?")
    other = asyncio.create_task(inquiry.wait(60, nothing))
    await slow.asked.wait()
    inquiries.end(inquiry)

    assert await other
    with pytest.raises(InputError, match="found a question that was cancelled"):
        _ = inquiry.result
