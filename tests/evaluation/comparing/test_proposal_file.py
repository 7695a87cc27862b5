"""What proposers answered, kept in a file."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.comparing.proposal_file import ProposalFile
from loopback import Loopback, Reply
from reading import QUESTION
from tables import each


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "proposals"


def ask(path: Path, server: Loopback, **options: Any) -> list[dict[str, Any]]:
    return asyncio.run(_ask(path, server, **options))


async def _ask(path: Path, server: Loopback, **options: Any) -> list[dict[str, Any]]:
    file = ProposalFile(path, **options)
    moa = create_moa(proposers=["m0", "m1"], aggregator="m2", resolve=server.resolve, cache=file.holding(1))
    proposals: list[dict[str, Any]] = (await moa.ainvoke(QUESTION))["proposals"]
    return proposals


def test_another_process_goes_on_with_it(path: Path, loopback: Loopback) -> None:
    loopback.say("m1", Reply("half", finish_reason="length"))
    first = ask(path, loopback)
    again = ask(path, loopback)

    assert [len(loopback.asked(model)) for model in ("m0", "m1", "m2")] == [1, 1, 2]
    assert [(p["text"], p["status"], p["cached"]) for p in again] == [(p["text"], p["status"], True) for p in first]


def test_failures_are_replayed_until_they_are_asked_for_again(path: Path, loopback: Loopback) -> None:
    loopback.say("m1", Reply(status=400))
    ask(path, loopback)
    loopback.scripts.clear()

    assert [p["status"] for p in ask(path, loopback)] == ["ok", "error"]
    assert [p["status"] for p in ask(path, loopback, retry_errors=True)] == ["ok", "ok"]
    assert len(loopback.asked("m0")) == 1
    assert [p["status"] for p in ask(path, loopback)] == ["ok", "ok"]


def test_a_line_that_was_cut_off_is_asked_for_again(path: Path, loopback: Loopback) -> None:
    ask(path, loopback)
    path.write_bytes(path.read_bytes()[:-5])

    for _ in range(2):
        ask(path, loopback)

    assert len(loopback.asked("m0") + loopback.asked("m1")) == 3


PLANTED: list[Any] = [
    {"status": "fine"}, {"calls": -1}, {"calls": True}, {"usd": "free"}, {"usage": 5}, {"usage": {"total_tokens": 1}},
    {"at_most": 7}, {"obstacle": {"why": "x", "window": 1, "tokens": 1}}, {"obstacle": 3}, {"left_out": ["x"]},
    {"left_out": 5}, {"seconds": None}, {"cut": "quorum"}, {"cached": 1}, {"retries": "x"}, {"model": 5},
    {"error": ["x"]}, {"seconds": float("nan")},
]  # fmt: skip


def test_what_no_comparison_wrote_is_asked_for_again(path: Path, loopback: Loopback) -> None:
    ask(path, loopback)
    lines = [json.loads(line) for line in path.read_text().splitlines()]

    def is_read(**changes: Any) -> bool:
        path.write_text(json.dumps({**lines[0], "call": {**lines[0]["call"], **changes}}) + "\n")
        return ProposalFile(path).look_up(lines[0]["key"]) is not None

    assert is_read(usage=None, at_most={"calls": 1, "tokens": 5, "usd": None})
    assert [planted for planted in PLANTED if is_read(**planted)] == []
    ask(path, loopback)
    assert len(loopback.requests) == 3 + 2 + 1


@each("line", ["", "{", "[]", "5", '{"key": 1}', '{"key": 1, "text": 5, "call": {}}', "[" * 50_000, "\x00"])
def test_other_lines_are_passed_over(path: Path, line: str) -> None:
    path.write_text(f"{line}\n")

    ProposalFile(path)


def test_what_cannot_be_read_is_told(path: Path) -> None:
    path.write_bytes(b"\xff\n")
    with pytest.raises(ConfigError, match=r"cannot be read: .*expected a comparison's proposals; move the file away"):
        ProposalFile(path)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    file = ProposalFile(tmp_path / "no" / "where")
    with pytest.raises(ConfigError, match=r"the proposals cannot be written to .*: No such file or directory; mend"):
        file.holding(1).set({(("x",), "key"): ({"call": {"status": "ok"}, "text": ""}, None)})


async def test_without_a_path_it_is_in_memory_and_nothing_is_cleared() -> None:
    record = ProposalFile().holding(1)
    model = ScriptedModel(script="once")
    moa = create_moa(proposers=[model], aggregator="offline:words", cache=record)

    for _ in range(2):
        await moa.ainvoke(QUESTION)
        record.clear()
        await record.aclear()

    assert len(model.asked) == 1
