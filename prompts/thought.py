"""An answer with what its author thought before it, as an aggregator reads it (SC-MoA, arXiv 2605.29116)."""

from .fence import unforged
from .template import bundled

_MOST = 12_000
"""Bytes of thinking that are shown: half of its beginning, and half of its end."""
_CUT = "\n[...]\n"
THOUGHT_TOKENS = (_MOST + 400) // 2
"""Tokens that thinking adds to a reference, at most, with the words around it."""


def with_thought(answer: str, thought: str | None) -> str:
    """Return an answer with its thinking behind it, where there is any: of both, that is what a window cuts first.

    Args:
        answer: What was answered.
        thought: What was thought before.
    """
    text = unforged(thought or "").strip()
    if not text:
        return answer
    whole = text.encode()
    if len(whole) > _MOST:
        half = _MOST // 2
        text = _CUT.join(part.decode(errors="ignore") for part in (whole[:half], whole[-half:]))
    return bundled("thought").render(answer=answer, thought=text)
