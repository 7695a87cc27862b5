"""A cluster of one's own tells nobody of itself, listens to this machine only, and is gone with its batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ray_cluster import KEY

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
