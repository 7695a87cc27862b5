"""The file of a journal: whose it is, who may read it, and when it goes."""

import sqlite3
import stat
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from batched import journal_with
from langgraph_moa import ConfigError
from langgraph_moa.core.batches.journal import Journal


def test_it_is_its_users_alone_and_gone_when_it_is_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.batches"
    journal, _ = journal_with(path, 3)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    journal.save()
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_was_saved_is_there_for_the_next(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 2)
    parcels.pack("http://127.0.0.1:1/v1", "name", model="a", most=9, most_bytes=10**6)
    journal.close()
    journal, parcels = journal_with(tmp_path / "j")
    assert [sent.name for sent in parcels.under_way()] == ["name-1"]
    journal.close()


def test_what_was_never_sent_is_asked_for_again_by_whoever_wants_it(tmp_path: Path) -> None:
    journal, _ = journal_with(tmp_path / "j", 2)
    journal.close()
    journal, parcels = journal_with(tmp_path / "j")
    assert parcels.waiting() == []
    journal.close()


def anothers(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE things (name)")


def of_another_format(path: Path) -> None:
    Journal(path, mixture="m").close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def of_another_mixture(path: Path) -> None:
    Journal(path, mixture="other").close()


WRONG = [
    (anothers, "another program's database"),
    (of_another_format, "format 99 .* expected 1"),
    (of_another_mixture, r"another mixture \(other\)"),
    (Path.mkdir, "it is a folder"),
    (lambda path: path.write_bytes(b"no database, whatever it is called" * 99), "cannot be used"),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_what_is_no_journal_of_this_batch_is_refused_as_it_is(make: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "j"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ConfigError, match=words):
        Journal(path, mixture="m")
    assert before is None or path.read_bytes()[100:] == before[100:]


class Stopped(Exception):
    """As a kill would."""


class Stopping(sqlite3.Connection):
    left = 0

    def execute(self, *given: Any) -> Any:
        Stopping.left -= 1
        if Stopping.left < 0:
            raise Stopped
        return super().execute(*given)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        raise AssertionError("found statements that a kill comes between, unseen")


def test_killed_while_it_is_made_it_is_whole_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    for number in range(40):
        path, Stopping.left = tmp_path / f"j{number}", number
        monkeypatch.setattr("sqlite3.connect", partial(connect, factory=Stopping))
        try:
            Journal(path, mixture="m").db.close()
        except Stopped:
            monkeypatch.undo()
            Journal(path, mixture="m").close()
        else:
            assert number > 10
            return
    pytest.fail("it is never whole")


def test_a_number_is_given_once(tmp_path: Path) -> None:
    journal, _ = journal_with(tmp_path / "j", 2)
    journal.forget("q0")
    journal.forget("q1")
    assert journal.add("k", question="q", server="s", model="a", body=b"{}", state="waiting") == 3
    journal.close()


def test_what_is_forgotten_is_written_after_what_stands_in_its_place(tmp_path: Path) -> None:
    calls: list[str] = []
    journal = Journal(tmp_path / "j", mixture="m", before_forgetting=lambda: calls.append("written"))
    journal.save()
    assert calls == []
    journal.forget("q")
    journal.save()
    journal.save()
    assert calls == ["written"]
    journal.forget("q")
    journal.close()
    assert len(calls) == 2
