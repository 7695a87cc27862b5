"""Ask at a tier of service that may have no room: again for as long as the call may take, or at the usual tier then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ...core.models.capabilities import Model
from ...core.models.service_tiers import FLEX, FLEX_OR_STANDARD, STANDARD, lacks_room, tier_in, with_tier
from ...core.panel.seats import Seat
from ...core.wire.waiting import jitter

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before it is asked again."""
_BEFORE_STANDARD = 3
"""How often it is asked again before the usual tier is."""
_PATIENCE = 900.0
"""Seconds for which it is asked where a call has no end."""
_log = logging.getLogger(__name__)


async def ask_for_room(seat: Seat, model: Model, ends: float | None, ask: Callable[[Model], Awaitable[Any]]) -> Any:
    """Ask a model, and wait where its server has no room; a request that finds none is not charged.

    Only a single model is asked again: nobody knows what a chain or graph did before.

    Args:
        seat: Who is asked.
        model: The model, in the form in which its server takes requests.
        ends: When the call ends, as a time of the running loop; None is no end.
        ask: Asks a model.

    Raises:
        Exception: What asking raised.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + _PATIENCE if ends is None else ends
    pause, retries, waits = _FIRST_PAUSE, 0, seat.one_call and tier_in(model) == FLEX
    longest = 0.0  # how long it took to be refused: who is asked too late says no more than that time was over
    while True:
        began = clock()
        try:
            return await ask(model)
        except Exception as exc:
            if not (waits and lacks_room(exc)):
                raise
            seconds = pause * jitter()
            if seat.tier == FLEX_OR_STANDARD and retries >= _BEFORE_STANDARD:
                model, seconds, waits = with_tier(model, STANDARD), 0.0, False
            elif clock() + seconds + (longest := max(longest, clock() - began)) >= ends:
                raise
        where = f"again in {seconds:.1f} s" if waits else "at the usual tier now"
        _log.debug("%s: its server has no room at flex; asked %s", seat.title, where)
        await asyncio.sleep(seconds)
        pause, retries = min(2 * pause, _LONGEST_PAUSE), retries + 1
