"""What is known of servers is kept in a private file, believed for a while, and trusted in nothing."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.apps.remembered import Known, cache_file, known_servers, recall_servers, remember_servers
from langgraph_moa.core.models.servers import SERVERS

URL = "http://127.0.0.1:9/v1/"
NOW, LATER = "2999-01-01T00:00:00+00:00", "2999-02-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    SERVERS.forget()
    yield cache_file()
    SERVERS.forget()


def entry(model: str = "m", server: str = URL, checked: str = NOW, **takes: Any) -> Known:
    return Known(server=server, model=model, served=None, checked=checked, takes=takes)


def test_what_is_new_joins_what_was_known(file: Path) -> None:
    assert remember_servers([entry("a", n="no", system="no"), entry("b", tools="yes")]) is None
    assert remember_servers([entry("a", checked=LATER, tools="no", system="yes")]) is None

    assert [(e["model"], e["checked"], e["takes"]) for e in known_servers()] == [
        ("a", NOW, {"n": "no"}),
        ("b", NOW, {"tools": "yes"}),
        ("a", LATER, {"tools": "no", "system": "yes"}),
    ]
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in file.parent.iterdir()] == ["servers.json"]


def test_what_is_not_found_out_again_keeps_its_date_and_ends_with_it() -> None:
    remember_servers([entry(checked="2020-01-01T00:00:00+00:00", n="no", system="no")])
    remember_servers([entry(system="no")])
    recall_servers()

    assert SERVERS.refused(URL, "m") == {"system_role"}
    assert not SERVERS.gives_one_choice(URL, "m")


def test_another_model_by_the_same_name_is_not_what_was_known() -> None:
    remember_servers([{**entry(n="no"), "served": "m-1"}, entry("other", n="no")])
    remember_servers([{**entry(checked=LATER), "served": "m-2"}])

    assert [e["model"] for e in known_servers()] == ["other"]


def test_what_differs_by_key_is_not_known_of_the_server() -> None:
    remember_servers([entry(n="no", system="no")])
    remember_servers([entry(n="no", system="no"), entry(n="yes", system="no"), entry(n="no", tools="no")])

    assert [e["takes"] for e in known_servers()] == [{"system": "no", "tools": "no"}]


def test_it_does_not_grow_without_end() -> None:
    remember_servers([entry(f"m{number}", n="no") for number in range(700)])

    assert (len(known_servers()), known_servers()[-1]["model"]) == (500, "m699")


def test_an_address_with_a_secret_is_not_written_down(file: Path) -> None:
    remember_servers([entry(server="http://me:secret@127.0.0.1:9/v1/", n="no")])

    assert not file.exists()


def test_it_is_believed_for_a_while() -> None:
    old = "2020-01-01T00:00:00+00:00"
    remember_servers([entry("new", system="no", reasoning_effort="no", n="ignored"), entry("old", checked=old, n="no")])
    recall_servers()

    assert SERVERS.refused(URL, "new") == {"system_role"}
    assert SERVERS.refused(URL, "new at low") == {"reasoning_effort"}
    assert SERVERS.gives_one_choice(URL, "new")
    assert not SERVERS.gives_one_choice(URL, "old")


SPOILT: list[str] = [
    "",
    "{",
    "[]",
    "null",
    '{"servers": 7}',
    '{"servers": [7, null, {"server": 1}]}',
    '{"servers": [{"server": "s", "model": "m", "checked": "yesterday", "takes": {}}]}',
    '{"servers": [{"server": "s", "model": "m", "checked": "2026-01-01T00:00:00", "takes": {}}]}',
    "[" * 100_000,
    " " * 1_000_001,
]


@pytest.mark.parametrize("text", SPOILT, ids=range(len(SPOILT)))
def test_a_spoilt_file_is_none(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")

    recall_servers()

    assert known_servers() == []
    assert remember_servers([entry(n="no")]) is None
    assert len(known_servers()) == 1


def test_words_that_nobody_wrote_are_dropped(file: Path) -> None:
    file.parent.mkdir(parents=True)
    odd = {**entry(n="no"), "takes": {"n": "no", "tools": "perhaps", "images": ["yes"]}, "served": 7}
    file.write_text(json.dumps({"servers": [odd]}), encoding="utf-8")

    assert known_servers() == [{**entry(n="no"), "served": None}]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_its_place_is_not_waited_for(file: Path) -> None:
    file.parent.mkdir(parents=True)
    os.mkfifo(file)

    assert known_servers() == []


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert str(tmp_path) in str(remember_servers([entry(n="no")]))


@pytest.mark.parametrize(
    ("platform", "variables", "end"),
    [
        ("darwin", {"HOME": "/home/me"}, "/home/me/Library/Caches/langgraph-moa/servers.json"),
        ("win32", {"LOCALAPPDATA": "/me/Local"}, "/me/Local/langgraph-moa/servers.json"),
        ("linux", {"XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/langgraph-moa/servers.json"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, None),
    ],
)
def test_where_it_is(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], end: str | None
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert cache_file() == (Path(end) if end else None)
