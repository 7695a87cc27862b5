"""Folding: references that do not fit a model's window are read in windows, and what came of one goes into the next.

It is what Self-MoA-Seq does with samples (Li et al. 2025, arXiv 2502.00674), for any layer that turns out too long.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from .prompt import Prompt

Write = Callable[[Sequence[str]], Prompt]
"""Write the prompt with these references."""
Ask = Callable[[Sequence[str]], Awaitable[str | None]]
"""Ask about one window of references; None where no usable answer came back."""


class Folded(NamedTuple):
    """Hold what is left to be asked once all windows but the last are read."""

    prompt: Prompt
    windows: int = 1
    """How many there are; 1 where nothing was folded."""
    best: str | None = None
    """What came of those before the last."""
    lost: str | None = None
    """What a window that failed leaves unread; None where all is read, or shortened."""


async def fold(prompt: Prompt, texts: Sequence[str], write: Write, ask: Ask) -> Folded:
    """Ask about all windows but the last, and return the prompt that holds that one.

    Where a step fails, what is left is put into one prompt with what came of the windows before, as far as it fits:
    nothing is asked twice for the sake of a fold.

    Args:
        prompt: The prompt with all references.
        texts: Those references.
        write: How a window is written.
        ask: How one is asked about.
    """
    if not prompt.folds or _is_cut(write(texts[:2])):
        return Folded(prompt._replace(folds=0))
    best: list[str] = []
    unread, windows = list(texts), 1
    while True:
        window, taken = _fill(write, best, unread)
        if taken == len(unread):
            return Folded(window, windows, *best)
        reply = await ask([*best, *unread[:taken]])
        if reply is None or not reply.strip():
            rest = write([*best, *unread])._replace(folds=0)
            loss = f"{rest.references_cut} of {len(unread)} references were shortened or not read, for a window failed"
            return Folded(rest, windows, best[0] if best else None, loss if rest.references_cut else None)
        best, unread, windows = [reply], unread[taken:], windows + 1


def _fill(write: Write, best: Sequence[str], unread: Sequence[str]) -> tuple[Prompt, int]:
    """Put as many references beside the best answer so far as fit whole; one more than that, where none does."""
    taken = 2 - len(best)
    window = write([*best, *unread[:taken]])
    while taken < len(unread) and not _is_cut(more := write([*best, *unread[: taken + 1]])):
        window, taken = more, taken + 1
    return window._replace(folds=0), taken


def _is_cut(prompt: Prompt) -> bool:
    return bool(prompt.references_cut or prompt.problem)
