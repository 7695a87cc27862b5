"""What proposers have written so far, cut into sections at ends of paragraphs."""

import asyncio
from collections.abc import Sequence


class _Draft:
    """Be one proposer's text, as far as it has come."""

    def __init__(self, size: int) -> None:
        self.sections: list[str] = []
        self.taken = 0
        """How many of them are used."""
        self.is_done = self.is_out = self.is_broken = False
        self._size, self._rest = size, [""]
        self._open: list[str] = []
        """The paragraphs of the section that is not closed yet."""
        self._length = self._fences = 0
        """Of them: characters, and marks of code."""
        self._run: object = None

    def hear(self, run: object, piece: str) -> bool:
        """Take a piece, and tell whether it ended a section; of a request that was sent again, nothing counts."""
        self._run = self._run or run
        if run != self._run or self.is_done:
            self.is_broken = self.is_broken or not self.is_done
            return False
        ends = "\n\n" in self._rest[-1][-1:] + piece
        self._rest.append(piece)
        if not ends:
            return False
        whole, _, rest = "".join(self._rest).rpartition("\n\n")
        self._rest = [rest]
        self._open.append(whole)
        self._length += len(whole)
        self._fences += whole.count("```")
        if self._length < self._size or self._fences % 2:
            return False
        self.sections.append("\n\n".join(self._open).strip())
        self._open, self._length = [], 0
        return True

    def end(self, text: str | None) -> None:
        """Take what it came to: None is no usable answer."""
        self.is_done, self.is_out = True, text is None
        streamed = "\n\n".join([*self._open, "".join(self._rest)]).strip()
        is_whole = self._run is not None and not self.is_broken
        rest = streamed if is_whole else text or ""
        if rest and not self.is_out:
            self.sections.append(rest)

    def take(self, upto: int | None) -> str:
        """Return what is not used yet, of the first so many sections or of all."""
        fresh = self.sections[self.taken : upto]
        self.taken += len(fresh)
        return "\n\n".join(fresh)


class Board:
    """Let one who writes wait for sections of those who propose."""

    def __init__(self, titles: Sequence[str], *, size: int, needed: int | None = None) -> None:
        """Make a board.

        Args:
            titles: Who proposes.
            size: Characters that a section has at least; it ends with the paragraph, and never inside a block of code.
            needed: How many have to have a section before it is written; None is all.
        """
        self._drafts = {title: _Draft(size) for title in titles}
        self._needed = needed
        self._news = asyncio.Event()

    def hear(self, title: str, run: object, piece: str) -> None:
        """Take a piece of a proposal."""
        if self._drafts[title].hear(run, piece):
            self._news.set()

    def end(self, title: str, text: str | None) -> None:
        """Take the end of a proposal; None is one that nobody can use."""
        self._drafts[title].end(text)
        self._news.set()

    @property
    def usable(self) -> int:
        """Count who may still be used."""
        return sum(not draft.is_out for draft in self._drafts.values())

    @property
    def is_over(self) -> bool:
        """Tell whether all have ended."""
        return all(draft.is_done for draft in self._drafts.values())

    async def ready(self, number: int) -> bool:
        """Wait until enough have so many sections, or ended before; tell whether all have ended."""
        while not self.is_over:
            drafts = [draft for draft in self._drafts.values() if not draft.is_out]
            have = sum(len(draft.sections) >= number or draft.is_done for draft in drafts)
            if drafts and have >= min(self._needed or len(drafts), len(drafts)):
                return False
            self._news.clear()
            await self._news.wait()
        return True

    async def over(self) -> None:
        """Wait until all have ended."""
        while not self.is_over:
            self._news.clear()
            await self._news.wait()

    def take(self, upto: int | None = None) -> dict[int, str]:
        """Return what is new of the first so many sections, or of all, by the number of who wrote it, from 1."""
        taken = {n: draft.take(upto) for n, draft in enumerate(self._drafts.values(), 1) if not draft.is_out}
        return {number: text for number, text in taken.items() if text}
