"""The latest of a thread is what was written last: a clock that was set back loses no turn."""

import subprocess
from pathlib import Path
from typing import Any

import warm
from commands import Output, Run, finish
from langgraph.checkpoint.base import empty_checkpoint
from langgraph_moa.apps.ask.latest import saver_by_writing
from layered import MODELS
from loopback import Loopback, Reply
from reading import question_in

CLOCKED = str(Path(warm.__file__).with_name("clocked.py"))
HOUR = 3600


def by_a_clock(ahead: int, *arguments: str) -> Output:
    return finish(warm.start(CLOCKED, str(ahead), *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE))


async def test_it_is_what_was_written_last_whatever_its_id(tmp_path: Path) -> None:
    thread: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    async with saver_by_writing().from_conn_string(str(tmp_path / "store.db")) as saver:
        assert await saver.aget_tuple(thread) is None
        other: Any = {"configurable": {"thread_id": "u", "checkpoint_ns": ""}}
        for number, config in (("2", thread), ("9", other), ("1", thread)):
            await saver.aput(config, {**empty_checkpoint(), "id": number}, {"step": int(number)}, {})
        named = await saver.aget_tuple({"configurable": {**thread["configurable"], "checkpoint_id": "2"}})
        latest = await saver.aget_tuple({"configurable": {"thread_id": "t"}})

    assert named
    assert latest
    assert (named.checkpoint["id"], latest.checkpoint["id"]) == ("2", "1")
    assert latest.config["configurable"]["checkpoint_id"] == "1"


def test_a_clock_that_was_set_back_loses_no_turn(run: Run, loopback: Loopback, where: list[str]) -> None:
    flags = [*where, "--base-url", loopback.url, *MODELS]
    assert by_a_clock(HOUR, "ask", "First?", *flags).code == 0
    loopback.say("last", Reply(status=500))
    by_a_clock(0, "ask", "Second?", *flags)
    loopback.say("last", "at last")
    asked = len(loopback.requests)

    resumed = run("resume", *where)
    third = by_a_clock(-HOUR, "ask", "Third?", *where)

    after = loopback.requests[asked:]
    turns = [question_in(message["content"]) or message["content"] for message in after[-1].messages]
    assert (resumed.code, resumed.out, third.code) == (0, "at last\n", 0)
    assert "Second?" in after[0].prompt, "of the failed turn, its aggregator only"
    assert after[1].model != "last"
    assert [words for words in ("First?", "Second?", "Third?") if any(words in turn for turn in turns)] == [
        "First?",
        "Second?",
        "Third?",
    ]
