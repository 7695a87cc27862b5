"""Processes that start at once: forks of one that has loaded LangChain, which takes 1.5 s of a processor each time."""

import atexit
import ctypes
import functools
import gc
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_BEFORE_TESTS = dict(os.environ)
_PR_SET_CHILD_SUBREAPER = 36
_MOST_BYTES = 200_000


class Warm(subprocess.Popen[str]):
    """Be a process like any other, with its own pid, signals, environment and end, that begins with all imports done.

    It is adopted by this process when the fork between ends, so that this one waits for it as for a child of its own.
    """

    def _execute_child(self, args: Sequence[str], *rest: Any) -> None:
        """Fork in place of starting; `rest` is what `subprocess` hands on, all by place."""
        _, _, _, _, cwd, env, _, _, _, stdin, to_stdin, from_stdout, stdout, from_stderr, stderr = rest[:15]
        order = {
            "arguments": args[1:],
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "interrupts": signal.getsignal(signal.SIGINT) is not signal.SIG_IGN,
        }
        server = _server()
        text = json.dumps(order).encode()
        assert len(text) < _MOST_BYTES
        streams = [0 if stdin == -1 else stdin, 1 if stdout == -1 else stdout, 2 if stderr == -1 else stderr]
        socket.send_fds(server, [text], streams)
        pid = server.recv(100)
        assert pid, "found the process that forks gone"
        self.pid = int(pid)
        self._child_created = True
        for end, other in ((stdin, to_stdin), (stdout, from_stdout), (stderr, from_stderr)):
            if other != -1:  # a pipe that `subprocess` made; whatever else was given stays open
                os.close(end)


def start(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """Start `python ARGUMENTS`, `-m MODULE ...` or `FILE ...`, in text; options are `Popen`'s cwd, env and streams."""
    assert {*options} <= {"cwd", "env", "stdin", "stdout", "stderr"}
    kind = Warm if sys.platform == "linux" else subprocess.Popen
    return kind([sys.executable, *arguments], text=True, **options)


@functools.cache
def _server() -> socket.socket:
    """Start the process to fork, once in this one."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("found a kernel without PR_SET_CHILD_SUBREAPER")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=_BEFORE_TESTS
        )

    def end() -> None:
        ours.close()
        process.wait(timeout=60)

    atexit.register(end)
    return ours


def _serve(number: int) -> dict[str, Any]:
    """Fork for each order; return in each fork, with its order."""
    import langchain_openai  # noqa: F401
    import langgraph.checkpoint.sqlite.aio  # noqa: F401
    import langgraph_moa
    from langgraph_moa.apps.program import COMMANDS, command_of

    for name in COMMANDS:
        command_of(name)
    for name in langgraph_moa.__all__:
        getattr(langgraph_moa, name)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # or the end of each fork would look at all that was imported, and copy it to do so
    with socket.socket(fileno=number) as client:
        while True:
            text, streams, _, _ = socket.recv_fds(client, _MOST_BYTES, 3)
            if not text:
                os._exit(0)
            reading, writing = os.pipe()
            between = os.fork()
            if between:
                os.close(writing)
                os.waitpid(between, 0)
                client.send(os.read(reading, 100))
                os.close(reading)
                for stream in streams:
                    os.close(stream)
                continue
            if pid := os.fork():
                os.write(writing, str(pid).encode())
                os._exit(0)
            os.close(reading)
            os.close(writing)
            for place, stream in enumerate(streams):
                os.dup2(stream, place)
                os.close(stream)
            order: dict[str, Any] = json.loads(text)
            return order


def _become(arguments: list[str], cwd: str, env: Mapping[str, str], *, interrupts: bool) -> None:
    """Be the process that was ordered; what runs then ends as Python ends."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler if interrupts else signal.SIG_IGN)
    encoding = env.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding)
    for name, place in (("stdout", 1), ("stderr", 2)):
        stream = io.BufferedWriter(io.FileIO(place, "w", closefd=False))
        lines = place == 2 or os.isatty(place)
        errors = "backslashreplace" if place == 2 else "strict"
        setattr(sys, name, io.TextIOWrapper(stream, encoding, errors, line_buffering=lines))
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(arguments[0]).parent))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    order = _serve(int(sys.argv[1]))
    _become(order["arguments"], order["cwd"], order["env"], interrupts=order["interrupts"])
