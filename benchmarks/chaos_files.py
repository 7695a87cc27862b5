"""Let the disk be full, and the folder read-only, and look what a thread and a batch come to."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from chaos_outcomes import ROOT, Outcome, told_badly  # and with it the folders of the tests' own
from chaos_processes import answer_for, of_rows

import warm  # isort: skip
from batches import PANEL, Files  # isort: skip
from commands import Output, finish, in_a_process  # isort: skip
from loopback import Loopback  # isort: skip

AS_NOBODY = ROOT / "tests" / "support" / "processes" / "as_nobody.py"
ROWS_KB, THREADS_KB = 64, 512
"""Room for a few rows, and for the threads of a few turns."""
LARGE_KB = 16_000


class Disk(Protocol):
    """Be a place with little room."""

    kind: str

    def run(self, *arguments: str) -> Output:
        """Run the command line there."""

    def fill(self) -> None:
        """Leave no room."""

    def make_room(self) -> None:
        """Have room again."""


class SmallDisk:
    """Be a file system of its own, which only root can make."""

    def __init__(self, folder: Path, kb: int) -> None:
        self.kind = f"a tmpfs of {kb} kB"
        self._folder = folder

    def run(self, *arguments: str) -> Output:
        return finish(in_a_process(*arguments))

    def fill(self) -> None:
        with suppress(OSError), (self._folder / "full").open("wb", buffering=0) as file:
            while file.write(bytes(1024)):
                pass

    def make_room(self) -> None:
        (self._folder / "full").unlink(missing_ok=True)
        _mount("-o", f"remount,size={LARGE_KB}k", str(self._folder))


class ShortFiles:
    """Be processes whose files may only be so long: for them the disk is full, by another name."""

    def __init__(self, folder: Path, kb: int) -> None:
        self.kind = f"RLIMIT_FSIZE of {kb} kB"
        self._folder = folder
        self._bytes: int | None = kb * 1024

    def run(self, *arguments: str) -> Output:
        process = in_a_process(*arguments)
        if self._bytes is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (self._bytes, resource.RLIM_INFINITY))
        return finish(process)

    def fill(self) -> None:
        self._bytes = min((path.stat().st_size for path in self._folder.iterdir() if path.is_file()), default=0)

    def make_room(self) -> None:
        self._bytes = None


@contextmanager
def small_disk(folder: Path, kb: int) -> Iterator[Disk]:
    """Give a folder little room for as long as the block lasts, in whichever way can be had."""
    options = ["-t", "tmpfs", "-o", f"size={kb}k", "chaos", str(folder)]
    if os.geteuid() != 0 or _mount(*options):
        yield ShortFiles(folder, kb)
        return
    try:
        yield SmallDisk(folder, kb)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*options: str) -> int:
    try:
        return subprocess.run(["mount", *options], capture_output=True, check=False).returncode
    except OSError:
        return 1


def full_under_a_batch(folder: Path, server: Loopback, *, keeps: bool, questions: int = 60) -> Outcome:
    """Let the disk be full while a batch writes, and start it again once there is room.

    Args:
        folder: For its files.
        server: Whom it asks.
        keeps: Whether it keeps what is under way there, too.
        questions: More than there is room for.
    """
    files = Files(folder)
    flags = [*PANEL, *([] if keeps else ["--no-keep"])]
    answer_for(server, 0.0)
    with small_disk(folder, THREADS_KB if keeps else ROWS_KB) as disk:
        files.ask(questions)
        command = files.command(server, *flags)
        full = disk.run(*command)
        before = len(list(files.whole_rows()))
        disk.make_room()
        done = disk.run(*command)
        what = "full disk: OUT and OUT.unfinished" if keeps else "full disk: OUT"
        outcome = of_rows(what, disk.kind, files, questions, server)
    outcome.notes += f"; {before} rows before there was room"
    outcome.wrong += _refusal(full, files.rows.name) + ([] if done.code == 0 else [f"then exit code {done.code}"])
    return outcome


def full_under_a_thread(folder: Path, server: Loopback) -> Outcome:
    """Let the disk be full before a thread's second question, and go on once there is room."""
    answer_for(server, 0.0)
    store = folder / "store.db"
    flags = [*PANEL, "--base-url", server.url, "--thread", "t", "--store", str(store)]
    with small_disk(folder, THREADS_KB) as disk:
        first = disk.run("ask", "Question <1>?", *flags)
        disk.fill()
        full = disk.run("ask", "Question <2>?", *flags)
        disk.make_room()
        server.requests.clear()
        resumed = disk.run("ask", "Question <3>?", *flags, "--instead")
        texts = [message["content"] for request in server.asked("last") for message in request.messages]
        outcome = Outcome("full disk: a store", disk.kind)
    outcome.lost = sum(not any(part in text for text in texts) for part in ("Question <1>?", "re Question <1>?"))
    outcome.mixed = int(resumed.out.strip() != "re Question <3>?")
    outcome.notes = "the turns before and after are there"
    outcome.wrong += [f"exit code {end.code}: {end.err[-200:]!r}" for end in (first, resumed) if end.code]
    outcome.wrong += _refusal(full, store.name)
    return outcome


def _refusal(end: Output, named: str) -> list[str]:
    """Say what is wrong with how a command ended that could not write."""
    wrong = told_badly(end.err)
    wrong += [] if end.code else ["it ended as if nothing were wrong"]
    wrong += [] if named in end.err else [f"it does not name {named}: {end.err[-200:]!r}"]
    return wrong


def read_only(folder: Path, server: Loopback) -> Outcome:
    """Run commands as somebody who may not write to their folder: refused by name, before anybody is asked."""
    outcome = Outcome("a folder that is read-only", "by another user: batch, ask twice")
    if sys.platform == "win32" or os.geteuid() != 0:
        outcome.skipped = "only root can become another user"
        return outcome
    answer_for(server, 0.0)
    folder.chmod(0o755)
    files, store = Files(folder), folder / "store.db"
    files.ask(2)
    on_thread = [*PANEL, "--base-url", server.url, "--thread", "t", "--store", str(store)]
    new = str(folder / "new.db")
    outcome.wrong += ["no thread"] if finish(in_a_process("ask", "Question <1>?", *on_thread)).code else []
    server.requests.clear()
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    tries: dict[str, list[str]] = {
        files.rows.name: files.command(server, *PANEL),
        "new.db": ["ask", "Question <2>?", *on_thread[:-1], new],
        store.name: ["ask", "Question <2>?", *on_thread],
    }
    for named, arguments in tries.items():
        pipe: Any = subprocess.PIPE
        end = finish(warm.start(str(AS_NOBODY), *arguments, stdout=pipe, stderr=pipe))
        outcome.wrong += _refusal(end, named)
    outcome.lost = sum(not (folder / name).exists() for name in there)
    outcome.leaked = len({path.name for path in folder.iterdir()} - there.keys())
    outcome.notes = f"3 refused by name, {len(server.requests)} requests"
    outcome.wrong += ["somebody was asked"] if server.requests else []
    return outcome
