"""Turns on the event loop: whoever reads a long answer lets others go on meanwhile."""

import asyncio

STEP = 2**14
"""Bytes that are read before others have their turn."""


class Turns:
    """Count what was read since others had their turn."""

    def __init__(self) -> None:
        self._bytes = 0

    async def after(self, size: int) -> None:
        """Let others have their turn, once enough was read for that.

        Args:
            size: How many bytes were read now.
        """
        self._bytes += size
        if self._bytes >= STEP:
            self._bytes = 0
            await asyncio.sleep(0)
