"""What a disk lost or somebody changed in a file of threads is told with the file, and what to do."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from commands import Run
from langgraph_moa import InputError, create_moa
from langgraph_moa.apps.ask.store import opened
from langgraph_moa.core.panel.signature import STATE_FORMAT

VALUES: list[Any] = [5, None, "x", {}, [5], ["x"], [None], [{}], {"a": 1}, [[]]]
BYTES: list[Any] = [b"", b"\xff" * 9, b"\xc0", 5, "x"]
TOLD = "expected what a run wrote; it is damaged, or somebody changed it: put back a copy of it, or take another thread"


@pytest.fixture
def store(run: Run, where: list[str]) -> Path:
    assert run("ask", "What is 2 + 2?", *where, "--preset", "offline").code == 0
    return Path(where[-1])


def changed(store: Path, table: str, column: str, change: Callable[[Any], Any]) -> None:
    """Change a column of all rows."""
    with closing(sqlite3.connect(store)) as db, db:
        rows = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
        values = ((change(value), row) for row, value in rows)
        db.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", values)


def put(key: str, channel: str | None, value: Any) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        options = ormsgpack.OPT_NON_STR_KEYS
        checkpoint = ormsgpack.unpackb(data, ext_hook=ormsgpack.Ext, option=options)
        place = checkpoint[key] if channel else checkpoint
        place[channel or key] = value
        return ormsgpack.packb(checkpoint, option=options)

    return change


def flipped(data: bytes) -> bytes:
    return bytes(byte ^ 0x41 * (place % 7 == 3) for place, byte in enumerate(data))


def cases() -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    yield from (
        ("checkpoints", column, lambda _, value=value: value)
        for column in ("checkpoint", "metadata")
        for value in BYTES
    )
    for column in ("checkpoint", "metadata"):
        yield "checkpoints", column, lambda data: data[: len(data) // 2]
        yield "checkpoints", column, flipped
    for channel in ("messages", "proposals", "verdicts", "run"):
        wrong = [value for value in VALUES if channel != "run" or value != {}]
        yield from (("checkpoints", "checkpoint", put("channel_values", channel, value)) for value in wrong)
    for key in ("v", "id", "ts", "channel_values", "channel_versions", "versions_seen"):
        wrong = [None, [5], "x"]
        yield from (("checkpoints", "checkpoint", put(key, None, value)) for value in wrong[: 2 + (key != "ts")])
    yield from (("checkpoints", "metadata", lambda _, text=text: text) for text in (b"[]", b"5", b"{", b"[" * 100_000))


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_whatever_stands_there_is_told_with_its_file(store: Path, every: int) -> None:
    """Read each once; nobody is asked."""
    sound = store.read_bytes()

    async def read() -> str:
        async with opened(store) as saver:
            try:
                return f"nothing was wrong with {await saver.aget_tuple({'configurable': {'thread_id': 't'}})}"
            except InputError as exc:
                return str(exc)

    for number, (table, column, change) in enumerate(islice(cases(), 0, None, every)):
        store.write_bytes(sound)
        changed(store, table, column, change)

        sentence = asyncio.run(read())

        assert f"in {store}, expected what a run wrote; " in sentence, (number, sentence)
        assert "\n" not in sentence, number


async def test_what_is_stopped_before_its_first_step_is_no_damage(tmp_path: Path) -> None:
    """A batch gives its messages as objects."""
    thread: Any = {"configurable": {"thread_id": "t"}}
    given: Any = {"messages": [{"role": "user", "content": "What is 2 + 2?"}]}
    async with opened(tmp_path / "store.db") as saver:
        moa = create_moa(proposers=["offline:words"], aggregator="offline:words", checkpointer=saver)
        await moa.ainvoke(given, thread, durability="sync")
        await saver.conn.execute("DELETE FROM checkpoints WHERE parent_checkpoint_id IS NOT NULL")

        checkpoint = await saver.aget_tuple(thread)

        assert checkpoint
        assert ("messages", given["messages"]) in [write[1:] for write in checkpoint.pending_writes or []]
        assert (await moa.ainvoke(None, thread))["messages"][-1].text == "2 + 2 = 4"


WORDS: list[tuple[str, Any, str]] = [
    ("run", 5, "found 5 as run of a thread"),
    ("messages", ["\x1b]0;x\n"], r"found '\x1b]0;x\n' as messages.0 of a thread"),
    ("messages", [None], "found None as messages.0 of a thread"),
    ("proposals", [{}], "found no status in proposals.0 of a thread"),
]


@pytest.mark.parametrize(("channel", "value", "words"), WORDS)
def test_what_was_found_is_said_in_our_own_words(
    run: Run, where: list[str], store: Path, channel: str, value: Any, words: str
) -> None:
    changed(store, "checkpoints", "checkpoint", put("channel_values", channel, value))

    done = run("resume", *where)

    assert done.code == 1
    assert f"error: {words} in {store}, {TOLD}" in done.err


RECORDS: list[tuple[Any, str]] = [
    ("{", "found a record of thread 't' that is no JSON"),
    ("[" * 100_000, "found a record of thread 't' that is no JSON"),
    ([], "found a record of thread 't' that is no object"),
    (5, "found a record of thread 't' that is no object"),
    ({"format": STATE_FORMAT}, "found a record of thread 't' without settings"),
    ({"format": STATE_FORMAT, "settings": [5]}, "found a record of thread 't' without settings"),
]


@pytest.mark.parametrize(("record", "told"), RECORDS)
def test_a_record_that_is_none_is_told(run: Run, where: list[str], store: Path, record: Any, told: str) -> None:
    written = record if isinstance(record, str) else json.dumps(record)
    changed(store, "checkpoints", "metadata", lambda _: json.dumps({"moa_record": written}).encode())
    before = store.read_bytes()

    done = run("resume", *where)

    assert (done.code, store.read_bytes()) == (1, before)
    assert f"error: {told} in {store}, {TOLD}" in done.err


@pytest.mark.parametrize("command", [["resume"], ["ask", "And 3 + 3?"]])
@pytest.mark.parametrize("lost", ["half of a checkpoint", "a step's channel"])
def test_commands_tell_what_is_lost(run: Run, where: list[str], store: Path, command: list[str], lost: str) -> None:
    if lost == "a step's channel":
        with closing(sqlite3.connect(store)) as db, db:  # as if it had been killed in its first layer
            steps = [step for (step,) in db.execute("SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id")]
            db.execute("DELETE FROM checkpoints WHERE checkpoint_id > ?", steps[1:2])
        changed(store, "writes", "channel", lambda _: "nobody's")
    else:
        changed(store, "checkpoints", "checkpoint", lambda data: data[: len(data) // 2])

    done = run(*command, *where)

    assert done.code == 1
    assert "unexpected" not in done.err
    assert lost == "a step's channel" or f"in {store}, {TOLD}" in done.err
