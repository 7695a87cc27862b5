"""Models with small windows, whose texts tell who wrote them."""

import re
from itertools import count
from typing import Any

from langgraph_moa import (
    Aggregator,
    create_moa,
)
from loopback import Loopback, Reply, Request
from reading import references_in

WINDOW = 1_200
"""Tokens that hold the instructions and a few references of 600 bytes."""


CUT = "shortened here to fit"


def tokens(request: Request) -> int:
    """Count a prompt as the package does to fit a window: three bytes a token, and a little around each message."""
    return sum(8 + -(-len(m["content"].encode()) // 3) for m in request.messages)


def words(author: str, size: int = 600) -> str:
    """Return a text of so many bytes that names its author, and nobody else."""
    return f"[{author}] " + "word " * ((size - len(author) - 3) // 5)


def authors(text: str) -> list[str]:
    return re.findall(r"\[([\w-]+)\]", text)


def joining(server: Loopback, model: str = "last", size: int = 400) -> None:
    """Let a model number its answers."""
    numbers = count(1)
    server.say(model, lambda body: Reply(words(f"{model}-{next(numbers)}", size)))


def mixture(server: Loopback, size: int = 8, **options: Any) -> Any:
    names = [f"m{n}" for n in range(size)]
    for name in names:
        server.say(name, words(name))
    joining(server)
    defaults: dict[str, Any] = {"proposers": names, "aggregator": Aggregator("last", context_tokens=WINDOW)}
    defaults |= {"early_stop": None, "resolve": server.resolve}
    return create_moa(**{**defaults, **options})


def read_by(server: Loopback, model: str = "last") -> list[list[str]]:
    """Return whose references each call of a model held."""
    return [[authors(text)[0] for text in references_in(r.messages[-1]["content"])] for r in server.asked(model)]
