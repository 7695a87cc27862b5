"""What is under way of a batch, kept beside its rows."""

import os
import sqlite3
from pathlib import Path

import pytest
from batches import ALONE, PANEL, Files, names
from commands import Run, finish, in_a_process
from langgraph_moa import ConfigError
from langgraph_moa.apps.batch.unfinished import unfinished_runs
from loopback import Loopback, Reply
from planted import WAYS, plant


def test_a_store_that_is_none_is_told(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(1)
    (files.folder / "rows.jsonl.unfinished").write_text("this is no database, " * 99)

    done = run(*files.command(loopback, *PANEL))

    assert done.code == 1
    assert "rows.jsonl.unfinished cannot be used: file is not a database; take it away, or" in done.err
    assert run(*files.command(loopback, *PANEL, "--no-keep")).code == 0


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_what_is_no_file_is_told(run: Run, loopback: Loopback, files: Files, kind: str) -> None:
    files.ask(1)
    store = files.folder / "rows.jsonl.unfinished"
    {"a pipe": os.mkfifo, "a device": lambda path: path.symlink_to("/dev/zero"), "a folder": Path.mkdir}[kind](store)

    done = run(*files.command(loopback, *PANEL))

    assert done.code == 1
    assert f"error: {store} cannot be used: it is {kind}; take it away, or keep nothing: --no-keep\n" in done.err
    assert store.exists()


async def test_what_goes_wrong_with_the_store_meanwhile_is_told(files: Files) -> None:
    async def meet(error: Exception) -> None:
        async with unfinished_runs(files.rows, wanted=True) as kept:
            kept.is_needed = True
            raise error

    with pytest.raises(ConfigError, match=r"rows\.jsonl\.unfinished cannot be used: disk I/O error; mend that"):
        await meet(sqlite3.OperationalError("disk I/O error"))

    assert "rows.jsonl.unfinished" in names(files)


def test_without_the_extra_it_says_what_is_not_kept(
    run: Run, loopback: Loopback, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.ask(1)
    monkeypatch.setattr("langgraph_moa.apps.batch.unfinished.find_spec", lambda name: None)

    done = run(*files.command(loopback, *PANEL))
    alone = run(*files.command(loopback, *ALONE), "--no-keep")

    told = "questions under way are not kept; to keep them: pip install 'langgraph-moa[sqlite]'"
    assert (done.code, told in done.err.splitlines(), told in alone.err) == (0, True, False)


def test_planted_beside_the_rows_it_runs_nothing(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(4)
    marker, unfinished_runs = files.folder / "marker", files.folder / "rows.jsonl.unfinished"
    loopback.say("last", Reply(broken="hang"))
    process = in_a_process(*files.command(loopback, *PANEL))
    loopback.wait_until(lambda: len(loopback.asked("last")) == 4)
    process.kill()
    finish(process)
    loopback.scripts.clear()
    requests = len(loopback.requests)
    killed = {path: path.read_bytes() for path in files.folder.iterdir()}
    mine = [path.stat().st_mode & 0o777 for path in files.folder.glob("*.unfinished*")]
    assert mine == [0o600] * 3
    for way in WAYS:
        for path in set(files.folder.iterdir()) - {files.questions}:
            path.unlink()
        for path, data in killed.items():
            path.write_bytes(data)
        assert plant(unfinished_runs, marker, way) > 3, way

        done = run(*files.command(loopback, *PANEL))

        assert not marker.exists(), way
        assert (done.code, [*files.whole_rows()], len(loopback.requests)) == (1, [], requests), way
        assert f"in {files.rows}.unfinished, expected what a run wrote" in done.err, way
