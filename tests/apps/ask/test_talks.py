"""A conversation line by line, whoever keeps it."""

import sqlite3
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.ask.output import Output
from langgraph_moa.apps.ask.talks import begun
from langgraph_moa.apps.ask.threads import Thread
from langgraph_moa.apps.settings.sources import Sources

OFFLINE = Sources({"proposers": ["offline:words"]}, is_alone=True)


@pytest.mark.parametrize("lasts", [False, True])
async def test_it_holds_what_was_said_and_what_was_answered(tmp_path: Path, lasts: bool) -> None:
    thread = Thread("t", tmp_path / "s.db") if lasts else None

    async with begun(OFFLINE, thread) as talk:
        for line in ("1 + 1", "2 + 2"):
            await talk.answer(line, None, Output(thread=thread))
        history = [(message.type, message.text) for message in await talk.history()]

    assert (talk.thread, talk.unfinished) == (thread, None)
    assert history == [("human", "1 + 1"), ("ai", "1 + 1 = 2"), ("human", "2 + 2"), ("ai", "2 + 2 = 4")]


async def test_a_store_that_fails_in_the_middle_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*given: Any, **options: Any) -> Any:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    thread = Thread("t", tmp_path / "s.db")
    async with begun(OFFLINE, thread) as talk:
        monkeypatch.setattr("langgraph_moa.apps.ask.talks.follow", full)
        with pytest.raises(ConfigError, match="cannot be used: database or disk is full; mend that, or name"):
            await talk.answer("1 + 1", None, Output(thread=thread))


@pytest.mark.parametrize("where", [[], ["--thread", "t", "--store", "s.db"]], ids=["passing", "kept"])
def test_a_review_needs_somebody_to_ask(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("moa.toml").write_text('review = true\nproposers = ["offline:words", "offline:stems"]')
    monkeypatch.setattr(sys, "stdin", StringIO("1+1\n"))

    done = run("chat", *where)

    assert (done.code, done.out) == (1, "")
    assert "found a review without a terminal, expected somebody to ask; leave the review out" in done.err
