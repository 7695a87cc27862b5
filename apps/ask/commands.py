"""The commands `ask` and `resume`: one question, and going on where its run stopped."""

import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from langchain_core.messages import HumanMessage
from langgraph.types import Command
from rich.text import Text

from ...core.errors import ConfigError
from ...core.media.files import blocks_of_files
from ...core.run.records import Cost
from ...core.text import escaped, shows_nothing
from ...graphs.estimate import USUAL_ANSWER, Estimate, estimate, usual_cost
from ..mistakes import Misuse, misused
from ..settings.flags import BOUNDS, WATCHED, with_mixture
from ..settings.settings import Settings
from ..settings.sources import Sources
from ..terminal import note, notes
from .lines import AT_MOST, USUAL, cost_line
from .output import Output, RunState
from .review import can_ask, decisions_of
from .running import Decided, Run, follow, run_and_show
from .starting import build_mixture, readable, standard_input, thread_of_its_own
from .store import is_there
from .threads import Content, Thread, begin, named_thread, take_up

Json = Annotated[bool, typer.Option("--json", help="Print answer, proposals, verdicts and report as JSON.")]
NoStream = Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")]
Page = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a page about the run, as HTML.", show_default=False),
]
ThreadId = Annotated[
    str | None,
    typer.Option("--thread", metavar="ID", help="Keep the conversation under this name.", show_default=False),
]
Store = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="The SQLite file that keeps it.", show_default=False)
]


@partial(with_mixture, only=WATCHED, apart=True)
def ask(
    sources: Sources,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="The question in quotes, or - for standard input.")
    ],
    *,
    as_json: Json = False,
    no_stream: NoStream = False,
    page: Page = None,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it may cost, at most and usually, and ask nobody.")
    ] = False,
    thread: ThreadId = None,
    store: Store = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A picture to ask about: PNG, JPEG, GIF or WebP. Repeatable.", show_default=False
        ),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A PDF, WAV or MP3 to ask about, or a picture. Repeatable.", show_default=False
        ),
    ] = None,
    instead: Annotated[
        bool, typer.Option("--instead", help="Take back the thread's question that was never answered.")
    ] = False,
) -> None:
    """Answer one question."""
    conversation, text = named_thread(thread, store, sources), _text_of(question)
    if instead and conversation is None:
        raise Misuse("found --instead without a thread, expected --thread ID --store FILE")
    content = _with_files(text, image or [], file or [])
    settings = sources.whole if conversation is None else sources.by_hand
    if only_estimate:
        _print_estimate(*asyncio.run(_estimate(sources, content, conversation)), as_json=as_json)
        return
    if settings.review and conversation is None and not can_ask():
        raise ConfigError("found a review without a terminal, expected a thread to wait in: --thread ID --store FILE")
    output = Output(as_json, no_stream, page, conversation)
    if conversation is None:
        run_and_show(_once(settings, content, output), output, text)
    else:
        run_and_show(_in_thread(conversation, sources, content, output, instead=instead), output, text)


@partial(with_mixture, only={*BOUNDS, "config"}, apart=True)
def resume(
    sources: Sources,
    *,
    thread: Annotated[str, typer.Option("--thread", metavar="ID", help="Its name.", show_default=False)],
    store: Annotated[Path, typer.Option("--store", metavar="FILE", help="The file that keeps it.", show_default=False)],
    decide: Annotated[
        list[str] | None,
        typer.Option(metavar="DECISION", help="Review its proposals: accept, NAME=drop, ...", show_default=False),
    ] = None,
    as_json: Json = False,
    no_stream: NoStream = False,
    page: Page = None,
) -> None:
    """Go on with a stopped run of a thread; nobody who answered is asked again."""
    conversation = Thread.of(thread, store, sources)
    output = Output(as_json, no_stream, page, conversation)
    first: Decided = Command(resume=decisions_of(decide)) if decide else None

    async def run(decided: Decided) -> RunState:
        async with take_up(conversation, sources) as session:
            output.view.remember(session.state.values)
            if first and session.left != ("review",):
                raise ConfigError(f"found --decide, expected thread {thread!r} to wait for a review; leave it out")
            if not session.left:
                notes.print(Text(f"thread {thread!r} is finished; its answer was:", style="dim"))
                done = session.state.values
                with output.view as view:
                    view.finish(
                        done["messages"][-1].text, done["run"], done.get("citations", []), done.get("evidence", [])
                    )
                return done
            note(f"thread {thread!r} goes on with {', '.join(session.left)}")
            return await follow(session.moa, decided or first, output, config=session.config)

    run_and_show(run, output)


def _text_of(question: str) -> str:
    text = readable(standard_input().read() if question == "-" else question)
    if shows_nothing(text):
        raise Misuse("found an empty question, expected some text; write it in quotes, or - to read standard input")
    return text


def _with_files(text: str, images: Sequence[Path], files: Sequence[Path]) -> Content:
    if not images and not files:
        return text
    with misused():
        return [{"type": "text", "text": text}, *blocks_of_files(images, files)]


def _once(settings: Settings, content: Content, output: Output) -> Run:
    """Ask a mixture that is gone with the program."""
    moa, config = build_mixture(settings), thread_of_its_own(settings)
    given = {"messages": [HumanMessage(content)]}
    return lambda decided: follow(moa, decided or given, output, config=config)


def _in_thread(thread: Thread, sources: Sources, content: Content, output: Output, *, instead: bool) -> Run:
    """Ask the next question of a thread."""

    async def run(decided: Decided) -> RunState:
        opened = take_up(thread, sources) if decided else begin(thread, sources, content, instead=instead)
        async with opened as session:
            note(session.why)
            return await follow(session.moa, decided or session.given, output, config=session.config)

    return run


async def _estimate(sources: Sources, question: Content, thread: Thread | None) -> tuple[Estimate, Cost]:
    if thread is None or not is_there(thread.file):
        moa = await asyncio.to_thread(lambda: build_mixture(sources.whole))
        conversation = [HumanMessage(question)]
        return estimate(moa, conversation), usual_cost(moa, conversation)
    async with begin(thread, sources, question, instead=True) as session:
        note(session.why)
        conversation = [*session.messages, HumanMessage(question)]  # type: ignore[list-item]
        return estimate(session.moa, conversation), usual_cost(session.moa, conversation)


def _print_estimate(bound: Estimate, usual: Cost, *, as_json: bool) -> None:
    if as_json:
        written = {**bound, "usual": {"answer_tokens": USUAL_ANSWER, **usual}}
        sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
        return
    sys.stdout.write(f"at most {cost_line(bound)}\nusually {cost_line(usual)}\n{AT_MOST}\n{USUAL}\n")
    sys.stdout.writelines(f"not bounded: {escaped(why)}\n" for why in bound["unbounded"])
