"""The file of threads: one at work on it, and nothing of it run."""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from commands import Run, finish, in_a_process
from kept import THREAD, mixture, open_saver
from langgraph_moa import InputError
from langgraph_moa.apps.ask.store import opened
from langgraph_moa.core.panel.signature import STATE_FORMAT
from layered import MODELS
from loopback import Loopback, Reply
from planted import WAYS, plant
from reading import user


def test_a_thread_of_another_version_is_refused_and_left_alone(run: Run, loopback: Loopback, where: list[str]) -> None:
    async def write() -> None:
        async with open_saver("sqlite", where[-1]) as saver:
            config: Any = {**THREAD, "metadata": {"moa_record": json.dumps({"format": 99, "settings": {}})}}
            await mixture(loopback.url, saver).ainvoke(user("Which?"), config)
            await mixture(loopback.url, saver).ainvoke(user("Which?"), {"configurable": {"thread_id": "foreign"}})

    asyncio.run(write())
    asked = len(loopback.requests)

    newer, foreign = run("resume", *where), run("ask", "x", "--thread", "foreign", *where[2:])

    assert newer.code == foreign.code == 1
    assert f"found thread 't' in format 99, expected {STATE_FORMAT}: another program or version wrote it" in newer.err
    assert f"found thread 'foreign' in format unknown, expected {STATE_FORMAT}" in foreign.err
    assert len(loopback.requests) == asked


def test_two_processes_are_not_at_work_on_one_thread(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path
) -> None:
    loopback.say("a", Reply(broken="hang"))
    process = in_a_process("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    loopback.wait_for("a")

    second = [run("ask", "And?", *where), run("resume", *where)]
    elsewhere = run("ask", "1 + 1", "--thread", "other", *where[2:], "--preset", "offline")
    process.kill()
    finish(process)
    loopback.scripts.clear()

    assert [done.code for done in second] == [1, 1]
    assert all("found thread 't' at work in another process" in done.err for done in second)
    assert elsewhere.code == 0
    assert len(list(tmp_path.glob("*.lock"))) == 1, "that of who was killed"
    assert run("resume", *where).out == "answer of last\n"
    assert not list(tmp_path.glob("*.lock"))


@pytest.mark.parametrize("command", ["resume", "ask"])
@pytest.mark.parametrize("way", WAYS)
def test_a_planted_store_runs_nothing(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path, way: str, command: str
) -> None:
    loopback.say("last", Reply(status=500))
    run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    assert plant(tmp_path / "store.db", tmp_path / "marker", way) > 3

    done = run(command, *(["And now?"] if command == "ask" else []), *where)

    assert not (tmp_path / "marker").exists()
    assert done.code == 1
    assert f"in {tmp_path / 'store.db'}, expected what a run wrote; nothing of it was run" in done.err
    assert "unexpected" not in done.err


async def test_what_a_planted_store_names_drives_no_terminal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    call = ormsgpack.packb(ormsgpack.Ext(1, ormsgpack.packb(("o\x1b]0;x\x07s", "sys\ntem", ["x"]))))

    async with opened(tmp_path / "store.db") as saver:
        with pytest.raises(InputError, match=r"^found a call of o\]0;xs\.sys tem in [ -~]*store\.db, expected [ -~]*$"):
            saver.serde.loads_typed(("msgpack", call))
    logging.getLogger("langgraph.checkpoint.serde.jsonplus").warning("of another's")

    assert [record.getMessage() for record in caplog.records] == ["of another's"]


@pytest.fixture
def readable() -> Iterator[None]:
    """Make files that everybody can read where nobody says otherwise, as most systems do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("readable")
def test_a_store_is_for_its_maker_alone(loopback: Loopback, where: list[str], tmp_path: Path) -> None:
    loopback.say("last", Reply(broken="hang"))
    process = in_a_process("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    loopback.wait_for("last")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("store.db*") if path.suffix != ".lock"}
    process.kill()
    finish(process)

    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


@pytest.mark.usefixtures("readable")
def test_a_store_that_others_can_read_is_told_and_left_so(run: Run, where: list[str], tmp_path: Path) -> None:
    ask = ["ask", "1 + 1", *where, "--preset", "offline"]
    first = run(*ask)
    (tmp_path / "store.db").chmod(0o644)

    second = run(*ask)

    told = f"{tmp_path / 'store.db'} can be read by every user of this machine"
    assert (told in first.err, told in second.err) == (False, True)
    assert (tmp_path / "store.db").stat().st_mode & 0o777 == 0o644
