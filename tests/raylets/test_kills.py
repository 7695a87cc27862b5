"""Raylets and the driver are killed in the middle of a batch: every question has one row, and limits hold for all."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from loopback import Loopback, Reply
from ray_cluster import KEY, Raylets

QUESTIONS = int(os.environ.get("MOA_TEST_RAY_QUESTIONS", "300"))
SETTINGS = """
proposers = ["openai:one", "openai:two"]
aggregator = "openai:last"
base_url = "{url}"
max_tokens = 50
limits = [{{ provider = "openai", concurrency = 6 }}]
"""


def watched(server: Loopback) -> list[int]:
    """Have a server answer a moment later, and return how many requests were under way whenever one came."""
    under_way: list[int] = [0]
    now, answer = [0], server._answer

    async def counted(*given: Any) -> Any:
        now[0] += 1
        under_way.append(now[0])
        try:
            return await answer(*given)
        finally:
            now[0] -= 1

    server._answer = counted  # type: ignore[method-assign, assignment]
    for model in ("one", "two", "last"):
        server.say(model, Reply(f"answer of {model}", delay=0.02))
    return under_way


def questions(path: Path, number: int) -> Path:
    path.write_text("".join(json.dumps({"id": f"q{n}", "question": f"What is {n} + 1?"}) + "\n" for n in range(number)))
    return path


def rows_in(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line.endswith(b"}")]


def driver(folder: Path, cluster: Raylets, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "langgraph_moa", "batch", "questions.jsonl", "rows.jsonl", "--engine", "ray"]
    options = ["--address", cluster.address, "--actors", "2", "--config", "moa.toml", "--json", *more]
    return subprocess.Popen(
        [*command, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def test_every_question_has_one_row_though_raylets_die_twice_and_the_driver_once(
    tmp_path: Path, cluster: Raylets, loopback: Loopback
) -> None:
    under_way = watched(loopback)
    questions(tmp_path / "questions.jsonl", QUESTIONS)
    (tmp_path / "moa.toml").write_text(SETTINGS.format(url=loopback.url))
    out = tmp_path / "rows.jsonl"

    first = driver(tmp_path, cluster)
    reaches(first, out, QUESTIONS // 6)
    cluster.kill_one()
    reaches(first, out, QUESTIONS // 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = len(rows_in(out))
    second = driver(tmp_path, cluster)
    reaches(second, out, done + QUESTIONS // 6)
    cluster.kill_one()
    told, errors = second.communicate(timeout=600)

    sums = json.loads(told)
    ids = Counter(row["id"] for row in rows_in(out))
    assert (second.returncode, sums["answered"], sums["done_before"]) == (0, QUESTIONS, done), errors
    assert ids == {f"q{n}": 1 for n in range(QUESTIONS)}
    assert all(row["answer"] == "answer of last" and row["cost"]["calls"] >= 3 for row in rows_in(out))
    assert sums["lost"]["attempts"] > 0
    again = len(loopback.asked("last")) - QUESTIONS
    assert 0 <= again < 60
    assert max(under_way) <= 6
    for file in (path for path in cluster.session.rglob("*") if path.is_file()):
        assert KEY.encode() not in file.read_bytes(), file


def reaches(process: subprocess.Popen[str], out: Path, number: int) -> None:
    """Wait until so many rows are there."""
    looking = threading.Event()
    while len(rows_in(out)) < number:
        assert process.poll() is None, process.communicate()
        looking.wait(0.05)
