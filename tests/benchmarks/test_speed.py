"""What `make bench` measures: each row comes out, of the smallest load; whether goals are met is not asked."""

import asyncio
import math
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import first_tokens
import floors
import growth
import pytest
import speed_page
import starting
from bench import first_token_ms, p95_ratio, reusable_share
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from loopback import Loopback, Reply
from peers import settings_of
from runners import Took, in_turn, measured, middle, ratio
from speed_page import Row, table, with_sections
from ways import SETTINGS, WAYS

RUNS = [way for way in WAYS if way not in ("mixture-llm", "distilabel")]
CALLS = {"langgraph": 0}
"""How many calls a way makes; 13 where it is not said."""
PAGE = "# Speed\n\nIntroduction.\n\n## A\n\nold\n\n## Last\n\nlinks\n"


@pytest.mark.parametrize("way", RUNS)
def test_each_way_makes_the_same_calls(loopback: Loopback, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gc.freeze", lambda: None)  # it would hold what other tests leave
    with closing(WAYS[way](loopback.url)) as runs:
        took = measured(runs, 1, 1)

    assert len(loopback.requests) == CALLS.get(way, 13)
    assert all(settings_of(request) == SETTINGS for request in loopback.requests)
    assert [bool(r.body.get("stream")) for r in loopback.requests[-1:]] == ["streamed" in way] * bool(CALLS.get(way, 1))
    assert took.cpu_ms > 0
    assert took.rate > 0


def test_runners_take_turns_and_measure_themselves(loopback: Loopback) -> None:
    loopback.default = Reply("an answer")
    took = in_turn(["floor", "langgraph"], loopback.url, rounds=2, runs=2, at_once=2)

    assert {way: len(turns) for way, turns in took.items()} == {"floor": 2, "langgraph": 2}
    assert len(loopback.requests) == (3 + 2 * 2) * 13
    assert all(math.isfinite(number) for turns in took.values() for turn in turns for number in turn)


def test_a_runner_that_does_not_start_is_told_of() -> None:
    with pytest.raises(SystemExit, match="expected 'ready'"):
        in_turn(["mixture-llm"], "http://127.0.0.1:9/v1", rounds=1, runs=1, pythons={"mixture-llm": "/bin/true"})


def test_ratios_are_of_turns_of_one_round() -> None:
    ours, theirs = ([Took(cpu, 1, 1, 1) for cpu in cpus] for cpus in ((1, 20, 3), (2, 10, 6)))

    assert ratio(ours, theirs, "cpu_ms") == 0.5
    assert middle(ours, "cpu_ms") == 3


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "growth": lambda: growth.rows(1),
    "turns": lambda: growth.turn_rows(1, (1, 2)),
    "hostile": lambda: growth.hostile_rows(["rank"], ["tag before blanks"]),
}


@pytest.mark.parametrize("kind", [pytest.param("growth", marks=pytest.mark.soak), "turns", "hostile"])
def test_each_row_is_a_number(socket_enabled: None, kind: str) -> None:
    rows = list(ROWS[kind]())

    assert len(rows) > 1
    assert all(math.isfinite(row.value) and row.value >= 0 for row in rows)
    assert all(row.n and row.what for row in rows)


@pytest.mark.parametrize(("durability", "a_turn"), [("async", 7), ("exit", 1)])
async def test_checkpoints_of_a_turn(durability: Any, a_turn: int) -> None:
    async with AsyncSqliteSaver.from_conn_string(":memory:") as saver:
        moa, config = growth.mixture(checkpointer=saver), RunnableConfig(configurable={"thread_id": "1"})
        for turn in (1, 2):
            await moa.ainvoke(growth.asked(f"Question {turn}?"), config, durability=durability)
            checkpoints = [saved.checkpoint["channel_values"] async for saved in saver.alist(config)]

            assert len(checkpoints) == turn * a_turn
    assert len(checkpoints[0]["messages"]) == 4  # each holds all of them


AGAINST_FLOORS: dict[str, Callable[[], Iterator[Row]]] = {
    "alone": lambda: floors.alone(1, 1),
    "streamed": lambda: floors.streamed(1, 1),
    "wall": lambda: floors.wall(1, 1),
    "at once": lambda: floors.at_once(1, 2),
    "memory": lambda: floors.memory(2),
}


@pytest.mark.parametrize("kind", AGAINST_FLOORS)
def test_each_row_against_a_floor_is_of_its_ways(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def all_the_same(ways: list[str], url: str, **options: int) -> dict[str, list[Took]]:
        assert set(ways) <= set(WAYS)
        return {way: [Took(2, 600, 3, 1)] for way in ways}

    monkeypatch.setattr(floors, "in_turn", all_the_same)
    rows = list(AGAINST_FLOORS[kind]())

    assert rows
    assert all(row.value == pytest.approx(1) for row in rows if "against" in row.what and "both" not in row.what)


@pytest.mark.soak
@pytest.mark.parametrize("kind", AGAINST_FLOORS)
def test_each_row_against_a_floor_is_a_number(socket_enabled: None, kind: str) -> None:
    assert all(math.isfinite(row.value) for row in AGAINST_FLOORS[kind]())


@pytest.mark.soak
def test_what_starts_is_an_installed_wheel(tmp_path: Path) -> None:
    with starting.installed() as commands:
        where = "import langgraph_moa, sys; sys.exit(langgraph_moa.__file__.startswith(sys.prefix) and 7)"
        with pytest.raises(SystemExit, match="found exit code 7"):
            starting.cpu_s([str(commands / "python"), "-c", where])
        assert starting.cpu_s([str(commands / "langgraph-moa"), "--help"]) > 0


@pytest.mark.enable_socket
def test_first_texts_are_measured_of_every_way() -> None:
    quick = first_tokens.Paces(word_s=0, first_s=0, words=16, paragraph=4)
    rows = list(first_tokens.rows(1, quick, quick))

    assert len(rows) == 7 * 4
    assert all(row.value > 0 for row in rows)


def test_commands_are_measured_in_turn() -> None:
    took = starting.in_rounds({"one": ["true"], "other": ["true"]}, 2)

    assert {name: len(seconds) for name, seconds in took.items()} == {"one": 2, "other": 2}


async def test_what_readers_wait_for_and_what_a_cache_reuses(socket_enabled: None) -> None:
    first, p95 = await asyncio.gather(first_token_ms(1), p95_ratio(4, at_once=2))

    assert math.isfinite(first)
    assert p95 > 0
    assert 0 < reusable_share(6) < reusable_share(1) < 1


def test_a_row_says_whether_its_goal_was_reached() -> None:
    rows = [
        Row("less", 1.234, "3", 2, unit=" ms"),
        Row("more", 1.5, "3", 1.9, at_least=True),
        Row("floor", 1234.5, "1", digits=0),
    ]

    assert [row.cells for row in rows] == [
        ("less", "1.23 ms", "≤ 2 ms", "3", ""),
        ("more", "1.50", "≥ 1.9", "3", "missed"),
        ("floor", "1,234", "", "1", ""),
    ]
    assert "1,234" in table(rows)


@pytest.mark.parametrize(
    ("sections", "headings"),
    [
        ({"A": "new"}, ["A", "Last"]),
        ({"B": "new"}, ["A", "B", "Last"]),
        ({"Last": "new"}, ["A", "Last"]),
        ({"B": "new", "Last": "new"}, ["A", "B", "Last"]),
    ],
)
def test_a_section_is_written_anew_and_the_others_stay(sections: dict[str, str], headings: list[str]) -> None:
    page = with_sections(PAGE, sections)

    assert page.startswith("# Speed\n\nIntroduction.\n\n## A\n")
    assert re.findall(r"(?m)^## (.*)$", page) == headings
    assert page.count("new") == len(sections)
    assert ("old" in page, "links" in page) == ("A" not in sections, "Last" not in sections)
    assert with_sections(page, sections) == page


def test_the_page_has_every_section() -> None:
    page = speed_page.PAGE.read_text(encoding="utf-8")

    expected = [
        "A run",
        "Growth",
        "Starting",
        "Beside other packages",
        "First tokens",
        "Serving",
        "What else was measured",
    ]
    assert re.findall(r"(?m)^## (.*)$", page) == expected
