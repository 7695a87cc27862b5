"""A cluster of one's own tells nobody of itself, listens to this machine only, and is gone with its batch."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from ray_cluster import KEY
from redis_server import redis_running

SCRIPT = """
import asyncio, json, os, sys
import psutil
from langgraph_moa import create_moa
from langgraph_moa.evaluation.cluster.ray_batch import ray_batch

def main():
    def make():
        return create_moa(proposers=["offline:words"], aggregator="offline:stems", layers=2)

    seen = {}

    def look(row, sums):
        import ray
        mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
        ports = [c for p in mine for c in p.net_connections("inet") if c.status == "LISTEN"]
        seen["listening"] = sorted({c.laddr.ip for c in ports})
        seen["processes"] = [p.pid for p in mine[1:]]
        seen["usage"] = os.environ["RAY_USAGE_STATS_ENABLED"]

    sums = asyncio.run(ray_batch(make, ["What is 2 + 2?"], "rows.jsonl", actors=1, on_row=look))
    print(json.dumps({**seen, "answered": sums["answered"]}))

main()
"""


def test_it_listens_on_this_machine_only_and_ends_with_its_batch(tmp_path: Path) -> None:
    ours = {"RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "RAY_AUTH_MODE"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=clean, capture_output=True, encoding="utf-8", timeout=300
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["answered"], seen["usage"]) == (1, "0")
    assert set(seen["listening"]) <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert not [pid for pid in seen["processes"] if Path(f"/proc/{pid}").exists()]
    assert KEY not in done.stderr


def test_the_command_runs_on_one_too(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "What is 2 + 2?"}\n')
    command = [sys.executable, "-m", "langgraph_moa", "batch", "q.jsonl", "rows.jsonl", "--engine", "ray"]
    options = ["--actors", "1", "--preset", "offline", "--no-settings"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 question: 1 answered; ")
    assert "questions under way are not kept" in done.stderr
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_is_stopped_leaves_whole_rows_and_no_process(number: signal.Signals, code: int, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("".join(f'{{"question": "What is {n} + 2?"}}\n' for n in range(5_000)))
    command = [sys.executable, "-m", "langgraph_moa", "batch", "q.jsonl", "rows.jsonl", "--engine", "ray"]
    options = ["--actors", "1", "--preset", "offline", "--no-settings"]
    rows = tmp_path / "rows.jsonl"
    # Who is started in the background ignores Ctrl-C, and so does what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen([*command, *options], cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf-8")
    finally:
        signal.signal(signal.SIGINT, before)
    while process.poll() is None and not (rows.exists() and rows.stat().st_size):
        time.sleep(0.1)
    others = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)

    assert process.returncode == code, said
    assert "the same command goes on with the rest" in said
    assert not [word for word in ("Traceback", "received at time", "PC: @") if word in said]
    ids = [json.loads(line)["id"] for line in rows.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    assert 0 < len({*ids}) == len(ids) == rows.read_bytes().count(b"\n") < 5_000
    assert not psutil.wait_procs(others, timeout=60)[1]


def answered(folder: Path, out: str, cache: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Put three questions to two actors on a cluster of their own."""
    (folder / "q.jsonl").write_text("".join(f'{{"question": "What is {n} + 2?"}}\n' for n in range(3)))
    command = [sys.executable, "-m", "langgraph_moa", "batch", "q.jsonl", out, "--engine", "ray", "--actors", "2"]
    options = ["--preset", "offline", "--no-settings", "--cache", cache, "--json"]
    env = {**os.environ, **variables}
    return subprocess.run([*command, *options], cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=300)


def test_actors_share_a_cache_in_a_file(tmp_path: Path) -> None:
    runs = [answered(tmp_path, out, "answers.db", {}) for out in ("one.jsonl", "two.jsonl")]

    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    first, second = (json.loads(run.stdout) for run in runs)
    assert (first["calls"] > 0, second["calls"], second["spared"]["calls"]) == (True, 0, first["calls"])


def test_actors_share_a_redis_whose_password_nobody_reads(tmp_path: Path) -> None:
    try:
        with redis_running() as server:
            import redis

            redis.Redis.from_url(server.url).config_set("requirepass", "word-of-redis-0815")
            variables = {"MOA_CACHE": server.url.replace("://", "://:word-of-redis-0815@")}
            runs = [answered(tmp_path, out, "$MOA_CACHE", variables) for out in ("one.jsonl", "two.jsonl")]
    except LookupError as why:
        pytest.skip(str(why))

    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    first, second = (json.loads(run.stdout) for run in runs)
    assert (second["calls"], second["spared"]["calls"]) == (0, first["calls"])
    texts = [*(run.stderr for run in runs), *(path.read_text() for path in tmp_path.glob("*.jsonl"))]
    assert not [text for text in texts if "word-of-redis" in text]
