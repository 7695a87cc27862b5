"""Run questions on a Ray cluster of this machine: killed and not, how fast by actors, and in how much memory.

python benchmarks/cluster.py [kills | speed | memory] [QUESTIONS]
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support" / "servers"))

from ray_cluster import Raylets

KILLED, FAST, LONG = 5_000, 1_500, 50_000
ACTORS = (1, 2, 4)
CONCURRENCY = 8


def mixture() -> Any:
    """Make a mixture of three calls, whose models answer at once."""
    from langgraph_moa import create_moa
    from langgraph_moa.core.offline.scripted import ScriptedModel

    return create_moa(
        proposers=[ScriptedModel(script="4", name_of_model="one"), ScriptedModel(script="5", name_of_model="two")],
        aggregator=ScriptedModel(script="It is 4.", name_of_model="last"),
    )


def at_once() -> None:
    """Let actors answer all questions with one answer, which costs nothing: what remains is the driver's work."""
    from langgraph_moa.evaluation.cluster import pool
    from langgraph_moa.evaluation.cluster.answering import Answerer

    class Instant(Answerer):
        first: Any = None

        async def answer(self, question: Any) -> Any:
            self.first = self.first or await super().answer(question)
            return self.first._replace(row={**self.first.row, "id": question.id})

    Instant.__module__ = "__main__"  # so that it travels by value
    pool.Answerer = Instant  # type: ignore[attr-defined]


def drive(questions: str, out: str, address: str, actors: str, kind: str) -> None:
    """Be a driver, and print what it took."""
    import psutil

    if kind == "instant":
        at_once()
    from langgraph_moa.evaluation.cluster.ray_batch import ray_batch

    me, seen = psutil.Process(), {}

    def look(row: Any, sums: Any) -> None:
        done = sums["answered"] - sums["done_before"]
        if done == 200:
            seen["from"] = measure(sums)
        if done in (1_000, sums["questions"] - sums["done_before"]):
            seen[str(done)] = measure(sums)

    def measure(sums: Any) -> dict[str, float]:
        cpu = {"driver": 0.0, "actors": 0.0, "limiter": 0.0, "ray": 0.0}
        cpu["driver"] = sum(me.cpu_times()[:2])
        for process in psutil.process_iter(["name", "cmdline", "cpu_times"]):
            words = " ".join(process.info["cmdline"] or [])
            kind = {"ray::Answerer": "actors", "ray::Limiter": "limiter"}
            part = next((part for name, part in kind.items() if words.startswith(name)), None)
            if part is None and any(name in words for name in ("raylet/raylet", "gcs_server")):
                part = "ray"
            if part and process.info["cpu_times"]:
                cpu[part] += sum(process.info["cpu_times"][:2])
        return {**cpu, "mb": me.memory_info().rss / 2**20, "seconds": sums["seconds"], "rows": sums["answered"]}

    sums = asyncio.run(
        ray_batch(mixture, questions, out, address=address, actors=int(actors), concurrency=CONCURRENCY, on_row=look)
    )
    print(json.dumps({"sums": sums, "seen": seen}))


@contextmanager
def files(how_many: int) -> Iterator[tuple[Path, Path]]:
    """Write questions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "questions.jsonl")
        path.write_text(
            "".join(json.dumps({"id": f"q{n}", "question": f"What is {n} + 1?"}) + "\n" for n in range(how_many))
        )
        yield path, Path(folder, "rows.jsonl")


def started(questions: Path, out: Path, cluster: Raylets, actors: int, kind: str = "mixture") -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "driver", str(questions), str(out), cluster.address, str(actors), kind]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate()
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def rows_in(out: Path) -> int:
    return out.read_bytes().count(b"\n") if out.exists() else 0


def wait_for(process: subprocess.Popen[str], out: Path, number: int) -> None:
    while rows_in(out) < number:
        assert process.poll() is None
        threading.Event().wait(0.2)


def kills(cluster: Raylets, how_many: int) -> None:
    """Kill a raylet, the driver, and another raylet."""
    with files(how_many) as (questions, out):
        first = started(questions, out, cluster, 2)
        wait_for(first, out, how_many // 5)
        cluster.kill_one()
        wait_for(first, out, how_many // 2)
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = rows_in(out)
        second = started(questions, out, cluster, 2)
        wait_for(second, out, how_many * 3 // 4)
        cluster.kill_one()
        sums = ended(second)["sums"]
        ids = Counter(json.loads(line)["id"] for line in out.read_text().splitlines())
        assert ids == {f"q{n}": 1 for n in range(how_many)}
        print(
            f"two raylets and the driver killed: {sums['answered']:,} of {how_many:,} questions have their one row; "
            f"{before:,} were there when the driver died; lost with the second raylet: {sums['lost']}"
        )


def speed(cluster: Raylets, how_many: int) -> None:
    """Count rows a second by actors, and the CPU of each part."""
    for actors in ACTORS:
        while len(cluster.nodes) < actors:
            cluster.add()
        with files(how_many) as (questions, out):
            seen = ended(started(questions, out, cluster, actors))["seen"]
        begin, end = seen["from"], seen[str(how_many)]
        rows, seconds = end["rows"] - begin["rows"], end["seconds"] - begin["seconds"]
        cpu = {part: 1_000 * (end[part] - begin[part]) / rows for part in ("driver", "actors", "limiter", "ray")}
        shown = ", ".join(f"{part} {ms:.2f}" for part, ms in cpu.items())
        print(f"{actors} actors: {rows / seconds:.0f} rows/s; CPU ms a row: {shown}")


def memory(cluster: Raylets, how_many: int) -> None:
    """Look at the driver's memory after 1,000 rows, and at the end."""
    with files(how_many) as (questions, out):
        seen = ended(started(questions, out, cluster, 2, "instant"))["seen"]
    first, last = seen["1000"], seen[str(how_many)]
    rows = last["rows"] - first["rows"]
    rate, cpu = rows / (last["seconds"] - first["seconds"]), 1_000 * (last["driver"] - first["driver"]) / rows
    print(f"driver's memory: {first['mb']:.0f} MB at 1,000 rows, {last['mb']:.0f} MB at {how_many:,}")
    print(f"answers that cost nothing: {rate:.0f} rows/s, {cpu:.2f} ms of the driver's CPU a row")


def main(what: str | None, how_many: int | None) -> None:
    cluster = Raylets()
    print(f"{os.cpu_count()} cores")
    try:
        for name, part, usual in (("kills", kills, KILLED), ("speed", speed, FAST), ("memory", memory, LONG)):
            if what in (None, name):
                part(cluster, how_many or usual)
    finally:
        cluster.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["driver"]:
        drive(*sys.argv[2:])
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else None)
