"""Put what a document says under its headings."""

from collections.abc import Iterable, Iterator

from ..text import one_line

LONGEST_HEADING = 200


def under_headings(blocks: Iterable[tuple[int, str]], title: str) -> Iterator[tuple[str, str]]:
    """Yield texts with the heading that each stands under; a heading with nothing under it is a text itself.

    Args:
        blocks: What a document says in its order, each with the level of a heading, from 1, or 0 for text.
        title: What stands above all headings.
    """
    heading, bare = title, 0
    for level, text in blocks:
        if not level:
            yield heading, text
            bare = 0
            continue
        if bare and level <= bare:
            yield heading, heading
        heading, bare = one_line(text, limit=LONGEST_HEADING), level
        if len(text) > LONGEST_HEADING:  # what is cut off is said all the same
            yield heading, text
            bare = 0
    if bare:
        yield heading, heading
