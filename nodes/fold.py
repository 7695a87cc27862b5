"""Folding: references that do not fit a model's window are read in windows, and what came of one goes into the next.

It is what Self-MoA-Seq does with samples (Li et al. 2025, arXiv 2502.00674), for any layer that turns out too long.
"""

from collections.abc import Awaitable, Callable, Sequence

from .brief import Letter

Write = Callable[[Sequence[str]], Letter]
"""Write the prompt with these references."""
Ask = Callable[[Letter], Awaitable[str | None]]
"""Ask about one window; None where no usable answer came back."""


async def fold(letter: Letter, texts: Sequence[str], write: Write, ask: Ask) -> tuple[Letter, int]:
    """Ask about all windows but the last, and return the prompt that holds that one.

    Where a step fails, what was written in the first place is left, with its references shortened: nothing is asked
    twice for the sake of a fold.

    Args:
        letter: The prompt with all references.
        texts: Those references.
        write: How a window is written.
        ask: How one is asked about.

    Returns:
        The prompt that is left to be asked, and how many windows there are with it; 1 where nothing was folded.
    """
    whole = letter._replace(folds=0)
    if not letter.folds or _is_cut(write(texts[:2])):
        return whole, 1
    best: list[str] = []
    left, windows = list(texts), 1
    while True:
        window, taken = _fill(write, best, left)
        if taken == len(left):
            return window, windows
        said = await ask(window)
        if said is None or not said.strip():  # one who may call tools may have called one
            return whole, 1
        best, left, windows = [said], left[taken:], windows + 1


def _fill(write: Write, best: Sequence[str], left: Sequence[str]) -> tuple[Letter, int]:
    """Put as many references beside the best answer so far as fit whole; one more than that, where none does."""
    taken = 2 - len(best)
    window = write([*best, *left[:taken]])
    while taken < len(left) and not _is_cut(more := write([*best, *left[: taken + 1]])):
        window, taken = more, taken + 1
    return window._replace(folds=0), taken


def _is_cut(letter: Letter) -> bool:
    return bool(letter.references_cut or letter.problem)
