"""Names that a node can bear."""

import re
from collections.abc import Sequence

from ..errors import ConfigError

_NOT_IN_NAMES = re.compile(r"[^\w .+@-]")
"""LangGraph refuses ':' and '|' in the name of a node; Mermaid trips over brackets, quotes and '#'."""


def unique_names(declared: Sequence[tuple[str | None, str]], what: str) -> list[str]:
    """Give each of several a name of its own that a node can bear.

    Args:
        declared: The name that was given, or None, and what it is called otherwise.
        what: What is named, for the message.

    Raises:
        ConfigError: A given name is another's too, or cannot be borne.
    """
    given = [name for name, _ in declared if name is not None]
    for name in given:
        if not isinstance(name, str) or _NOT_IN_NAMES.search(name) or not name.strip() or given.count(name) > 1:
            raise ConfigError(
                f"found the name {name!r}, expected one of its own for each {what}, "
                "made of letters, digits, spaces and any of _ - . + @"
            )
    names: list[str] = []
    for own, called in declared:
        base = own or _NOT_IN_NAMES.sub("-", called)
        name, count = base, 1
        while name in names or (own is None and name in given):
            count += 1
            name = f"{base}-{count}"
        names.append(name)
    return names
