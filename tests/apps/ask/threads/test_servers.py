"""A thread's record says where its models are: what leads away from this machine is to be named again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from commands import Run
from loopback import Loopback, Reply

ELSEWHERE = "http://elsewhere.example/v1"
PANEL = ["--proposer", "a", "--aggregator", "last"]
TABLES = f'''
aggregator = "offline:words"
[[proposers]]
model = "a"
base_url = "{ELSEWHERE}"
'''


def alter(store: Path, old: str, new: str) -> None:
    """Put another address into every record of a file."""
    with closing(sqlite3.connect(store)) as opened, opened:
        for row, data in opened.execute("SELECT rowid, metadata FROM checkpoints").fetchall():
            text = data if isinstance(data, str) else bytes(data).decode()
            assert old in text
            changed = text.replace(old, new)
            kept = changed if isinstance(data, str) else changed.encode()
            opened.execute("UPDATE checkpoints SET metadata = ? WHERE rowid = ?", (kept, row))


@pytest.fixture
def altered(run: Run, loopback: Loopback, where: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a thread that somebody changed, and a key that its server would be sent."""
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", "tiger-burning-1")
    loopback.say("last", Reply(status=500))
    run("ask", "Which?", *where, "--base-url", loopback.url, *PANEL)
    alter(Path(where[-1]), loopback.url, ELSEWHERE)
    loopback.requests.clear()
    return where


@pytest.mark.parametrize("command", [["ask", "And?"], ["ask", "And?", "--estimate"], ["resume"], ["chat"]])
def test_an_altered_record_gets_no_key_and_no_conversation(
    run: Run, altered: list[str], command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked anything: the tests' network would refuse, and say so."""
    done = run(*command, *altered)

    assert (done.code, done.out) == (1, "")
    assert f"found the server '{ELSEWHERE}' in the record of thread 't'" in done.err
    assert f"add --base-url {ELSEWHERE}" in done.err
    assert "models:" not in done.err
    assert "tiger" not in done.err


def test_it_goes_on_where_the_server_is_named_again(
    run: Run, altered: list[str], loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.toml").write_text(f'base_url = "{ELSEWHERE}/"\n')
    ask = ["ask", "And?", "--estimate", *altered]

    named = [run(*ask, "--base-url", ELSEWHERE), run(*ask, "--config", str(tmp_path / "ours.toml"))]
    monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", str(tmp_path / "ours.toml"))
    named.append(run(*ask))
    monkeypatch.delenv("LANGGRAPH_MOA_CONFIG")
    back = run("resume", *altered, "--base-url", loopback.url)

    assert [done.code for done in named] == [0, 0, 0]
    assert f"servers, as the thread has them: {ELSEWHERE}" in named[-1].err
    assert {r.headers["Authorization"] for r in loopback.requests} == {"Bearer tiger-burning-1"}
    assert back.code == 0


def test_a_seats_own_server_is_named_in_its_file(run: Run, where: list[str], tmp_path: Path) -> None:
    file = tmp_path / "seats.toml"
    file.write_text(TABLES)
    first = run("ask", "Which?", "--config", str(file), *where)

    alone, named = (
        run("ask", "And?", "--estimate", *where),
        run("ask", "And?", "--estimate", *where, "--config", str(file)),
    )

    assert "0 of 1 proposals were usable" in first.err
    assert (alone.code, named.code) == (1, 0)
    assert "add --config FILE, with the file that names it" in alone.err


def test_a_server_on_this_machine_is_told(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "Which?", *where, "--base-url", loopback.url, *PANEL)

    again = run("ask", "And?", *where)

    assert again.code == 0
    assert f"servers, as the thread has them: {loopback.url}" in again.err


def test_parameters_of_a_threads_server_are_asked_for_again(run: Run, loopback: Loopback, where: list[str]) -> None:
    query = "?api-version=2024-10-21"
    run("ask", "One?", *where, "--base-url", loopback.url + query, *PANEL)
    requests = len(loopback.requests)

    without, stopped = run("ask", "Two?", *where), run("resume", *where)
    asked_without = len(loopback.requests)
    again = run("ask", "Two?", *where, "--base-url", loopback.url + query)
    bare = [run("ask", "Three?", *where, "--base-url", loopback.url), run("ask", "Four?", *where)]

    assert (without.code, stopped.code, asked_without) == (1, 1, requests)
    assert (
        f"found thread 't' begun with parameters (?...) of the server {loopback.url!r}, which no thread keeps, "
        "expected them again; add --base-url with the whole address, or without them where they are not needed"
    ) in without.err
    assert "2024" not in without.err
    assert (again.code, [done.code for done in bare]) == (0, [0, 0])


def test_variables_that_a_record_names_are_told(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "tiger-burning-1")
    file, told = tmp_path / "seats.toml", "variables that are sent, as the thread has them: OURS"
    seat = f'model = "a"\nbase_url = "{loopback.url}"\napi_key_env = "OURS"\nheaders = {{x-other = "$OURS"}}\n'
    file.write_text(f'aggregator = "offline:words"\n[[proposers]]\n{seat}')
    run("ask", "One?", "--config", str(file), *where)

    again, named = run("ask", "Two?", *where), run("ask", "Three?", *where, "--config", str(file))

    assert (again.code, again.err.count(told), "tiger" in again.err) == (0, 1, False)
    assert (named.code, told in named.err) == (0, False)


def test_how_to_go_on_names_the_server(run: Run, where: list[str]) -> None:
    done = run("ask", "Which?", *where, "--base-url", f"{ELSEWHERE}?key=tiger-burning-1", *PANEL)

    assert done.code == 1
    assert f"go on with: langgraph-moa resume --thread t --store {where[-1]} --base-url {ELSEWHERE}\n" in done.err
    assert "tiger" not in done.err
