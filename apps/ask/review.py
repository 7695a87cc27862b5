"""Ask a person at the terminal what becomes of the proposals."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ...core.errors import ConfigError, MoAError
from ...core.text import printable
from ...nodes.review import read_decisions
from .lines import differences

HOW = "Enter accepts the rest; NAME=drop, NAME=retry or NAME=edit:TEXT decides about one, NAME=accept takes that back"
ACCEPT = "accept"


def can_ask() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


class Decisions:
    """Collect what somebody types, the last word about each proposal."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}

    def take(self, line: str, names: Sequence[str]) -> None:
        """Take one line.

        Raises:
            ConfigError: It is not written as a decision.
            InputError: It cannot be done.
        """
        for name in read_decisions(decisions_of([line]), names):
            self.written[name] = line

    @property
    def resume(self) -> dict[str, Any]:
        """Return what the review is answered with."""
        return decisions_of(list(self.written.values()))


def ask_person(shown: Mapping[str, Any], console: Console, decisions: Decisions) -> bool:
    """Show the proposals and read decisions, a line each, until one is empty.

    Args:
        shown: What the review's interrupt holds.
        console: Where to show them.
        decisions: Where they go; some may have been made before, and could not all be done.

    Returns:
        Whether to go on: the end of the input, as Ctrl-D makes it, decides nothing.
    """
    names = [proposal["proposer"] for proposal in shown["proposals"]]
    show_proposals(shown, console)
    if decisions.written:
        console.print(Text(f"so far: {'; '.join(decisions.written.values())}"), soft_wrap=True)
    console.print(Text(HOW, style="dim"))
    while True:
        try:
            line = input("review> ").strip()
        except EOFError:
            return False
        if not line:
            return True
        try:
            decisions.take(line, names)
        except MoAError as exc:
            console.print(Text(printable(str(exc)), style="red"), soft_wrap=True)


def show_proposals(shown: Mapping[str, Any], console: Console) -> None:
    """Show whole proposals, and what could not be done with them."""
    for proposal in shown["proposals"]:
        head = f"{proposal['proposer']} ({proposal['status']})"
        text = printable(proposal["text"] or proposal["error"] or "")
        console.print(Text.assemble((head, "bold"), f"\n{text}\n"), soft_wrap=True)
    if comparison := shown.get("disagreement"):
        console.print(Text(differences(comparison), style="dim"), soft_wrap=True)
    if shown["problem"]:
        console.print(Text(printable(shown["problem"]), style="red"), soft_wrap=True)


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
