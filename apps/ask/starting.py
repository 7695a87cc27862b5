"""What the commands about one mixture begin with."""

import sys
from io import TextIOWrapper
from typing import TextIO
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from ...core.errors import ConfigError
from ...core.run.state import Graph
from ...core.text import plain
from ..garbage import freeze_what_stays
from ..settings.settings import Settings
from ..terminal import note


def thread_of_its_own(settings: Settings) -> RunnableConfig | None:
    """Return a thread that ends with this program, where a review needs one to wait in."""
    return {"configurable": {"thread_id": str(uuid4())}} if settings.review else None


def build_mixture(settings: Settings) -> Graph:
    """Build the mixture, and say who sits in it and why; one with a review is kept as long as the program."""
    chosen, why = settings.choose()
    note(f"models: {why}")
    moa = chosen.build(InMemorySaver() if settings.review else None)
    freeze_what_stays()
    return moa


def readable(text: str) -> str:
    """Return what a user gave as text that can be sent, and say so where it held bytes that are none."""
    cleaned = plain(text)
    if cleaned != text:
        note("found bytes in the question that are no UTF-8, expected text; each is read as U+FFFD")
    return cleaned


def standard_input() -> TextIO:
    """Return standard input, which tells bytes that are no text as lone surrogates, as arguments do.

    Raises:
        ConfigError: It is closed.
    """
    if sys.stdin is None:
        raise ConfigError("found standard input closed, expected something to read; give the question as an argument")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    return sys.stdin
