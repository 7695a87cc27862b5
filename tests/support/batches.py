"""Run `langgraph-moa batch` in processes that can be killed, and look at what the server saw."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from commands import in_a_process
from loopback import Loopback
from reading import question_in

ALONE = ["--proposer", "a", "--layers", "1"]
PANEL = ["--proposer", "a", "--proposer", "b", "--proposer", "c", "--aggregator", "last", "--early-stop", "off"]


class Killed(NamedTuple):
    """Say what there was when a process was killed."""

    done: set[str]
    """The ids that had a row."""
    requests: int


@dataclass
class Files:
    """Be the files of one batch, in a folder."""

    folder: Path

    @property
    def questions(self) -> Path:
        return self.folder / "questions.jsonl"

    @property
    def rows(self) -> Path:
        return self.folder / "rows.jsonl"

    def ask(self, how_many: int) -> None:
        with self.questions.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"id": n, "question": f"Question <{n}>?"}) + "\n" for n in range(how_many))

    def whole_rows(self) -> Iterator[dict[str, Any]]:
        for line in self.rows.read_bytes().splitlines(keepends=True) if self.rows.exists() else []:
            if line.endswith(b"\n"):
                yield json.loads(line)

    def command(self, server: Loopback, *flags: str) -> list[str]:
        return ["batch", str(self.questions), str(self.rows), "--base-url", server.url, *flags]


def kill_at(files: Files, server: Loopback, flags: Sequence[str], requests: int) -> Killed:
    """Run a batch until the server has seen so many requests, and kill its process."""
    process = in_a_process(*files.command(server, *flags))
    server.wait_until(lambda: len(server.requests) >= requests)
    process.kill()
    process.communicate(timeout=60)
    return Killed({row["id"] for row in files.whole_rows()}, len(server.requests))


def run_to_the_end(files: Files, server: Loopback, flags: Sequence[str]) -> tuple[int, str, int]:
    """Run a batch, and return its exit code, what it said, and the most kilobytes that it held."""
    process = in_a_process(*files.command(server, *flags))
    assert process.stdout
    assert process.stderr
    with ThreadPoolExecutor() as pool:
        err, out = pool.submit(process.stderr.read), process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with process:  # which closes its pipes
        return process.returncode, out + err.result(), usage.ru_maxrss


def asked_in(server: Loopback, start: int, end: int | None) -> Counter[tuple[str, str]]:
    """Count whom a part of the server's log asks which question: model, id."""
    return Counter((r.model, _id_in(r.messages)) for r in server.requests[start:end])


def _id_in(messages: list[dict[str, Any]]) -> str:
    return question_in(messages[-1]["content"]).partition("<")[2].partition(">")[0]


def check_repeats(server: Loopback, kills: Sequence[Killed], *, at_most: int) -> int:
    """Check that nobody is asked again whose row was there, and few others; return how often any was.

    Args:
        server: Whose log it is.
        kills: What there was at each kill, in order.
        at_most: Calls that a kill may cost a second time.
    """
    bounds = [0, *(kill.requests for kill in kills), len(server.requests)]
    before: Counter[tuple[str, str]] = Counter()
    for number, (start, end) in enumerate(pairwise(bounds)):
        now = asked_in(server, start, end)
        if number:
            done = kills[number - 1].done
            assert not [id_ for _, id_ in now if id_ in done], "whose row was there was asked again"
            assert sum((now & before).values()) <= at_most
        assert max(now.values(), default=1) == 1, "nobody is asked twice in one process"
        before += now
    return sum(count - 1 for count in before.values())


def names(files: Files) -> set[str]:
    return {path.name for path in files.folder.iterdir()}
