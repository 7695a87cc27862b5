"""Ask a person at the terminal what becomes of the proposals."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ..core.errors import ConfigError
from ..core.text import one_line, printable

HOW = "Enter accepts the rest; NAME=drop, NAME=retry or NAME=edit:TEXT decides about one"
ACCEPT = "accept"


def can_ask() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask_person(shown: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Show the proposals and read decisions, a line each, until one is empty.

    Args:
        shown: What the review's interrupt holds.
        console: Where to show them.
    """
    for proposal in shown["proposals"]:
        said = one_line(printable(proposal["text"] or proposal["error"] or ""), limit=600)
        console.print(Text.assemble((f"{proposal['proposer']} ({proposal['status']})", "bold"), f"  {said}"))
    if shown["problem"]:
        console.print(Text(printable(shown["problem"]), style="red"))
    console.print(Text(HOW, style="dim"))
    written: list[str] = []
    while True:
        try:
            line = input("review> ").strip()
        except EOFError:
            line = ""
        if not line:
            return decisions_of(written)
        try:
            decisions_of([line])
        except ConfigError as exc:
            console.print(Text(str(exc), style="red"))
        else:
            written.append(line)


def decisions_of(written: Sequence[str]) -> dict[str, Any]:
    """Read decisions as they are written on the command line, into what resumes a review.

    Raises:
        ConfigError: One is not written so.
    """
    return {"decisions": [_decision(one) for one in written if one != ACCEPT]}


def _decision(written: str) -> dict[str, str]:
    name, equals, what = written.partition("=")
    action, colon, text = what.partition(":")
    if not (name and equals and action) or (action == "edit") != bool(colon):
        raise ConfigError(
            f"found {written!r}, expected {ACCEPT}, or a proposer and its decision: NAME=drop, NAME=retry or "
            "NAME=edit:TEXT"
        )
    return {"proposer": name.strip(), "action": action.strip(), **({"text": text} if colon else {})}
