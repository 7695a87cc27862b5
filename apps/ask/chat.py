"""The command `chat`: several turns of a conversation that ends with the program."""

import asyncio
import sys

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from rich.text import Text

from ...core.errors import ConfigError, MoAError
from ...core.run.state import Graph
from ...core.text import shows_nothing
from ..settings.flags import with_mixture
from ..settings.settings import Settings
from ..terminal import notes, print_error
from .lines import interrupted
from .output import LEFT, Output, waiting_for
from .review import can_ask
from .running import follow, reviewed
from .starting import build_mixture, readable, standard_input, thread_of_its_own


@with_mixture
def chat(settings: Settings) -> None:
    """Talk for several turns; /history shows them, /quit or Ctrl-D ends."""
    terminal = standard_input().isatty()
    if settings.review and not can_ask():
        raise ConfigError("found a review without a terminal, expected somebody to ask; leave the review out")
    moa = build_mixture(settings)
    history: list[BaseMessage] = []
    notes.print(Text("/quit ends, /history shows the conversation", style="dim"))
    if terminal:
        import readline  # noqa: F401 - importing it gives input() its line editing
    with asyncio.Runner() as runner:
        while (line := _read_line()) is not None and line.strip() != "/quit":
            if line.strip() == "/history":
                sys.stdout.writelines(f"{m.type}: {m.text}\n" for m in history)
            elif line.startswith("/"):
                sys.stderr.write(f"unknown command {line.strip()!r}; known: /history, /quit\n")
            elif not shows_nothing(line):
                _turn(runner, moa, history, line, config=thread_of_its_own(settings))


def _turn(
    runner: asyncio.Runner, moa: Graph, history: list[BaseMessage], line: str, *, config: RunnableConfig | None
) -> None:
    """Answer one line; a turn that fails or is interrupted leaves the conversation as it was."""
    output = Output()
    conversation = [*history, HumanMessage(line)]
    try:
        start = {"messages": conversation}
        state = reviewed(lambda decided: runner.run(follow(moa, decided or start, output, config=config)))
    except KeyboardInterrupt:
        sys.stderr.write(interrupted(output.view.proposals) + "\n")
    except MoAError as exc:
        print_error(str(exc))
    else:
        if waiting_for(state):
            notes.print(LEFT)
            return
        answer: AnyMessage = state["messages"][-1]
        history[:] = [*conversation, AIMessage(answer.text)]


def _read_line() -> str | None:
    try:
        return readable(input("> " if sys.stdin.isatty() else ""))
    except (EOFError, KeyboardInterrupt):
        return None
