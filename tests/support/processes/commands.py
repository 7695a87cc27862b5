"""Run the command line as a person does: in this process, or in one that can be killed."""

import signal
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import warm


class Output(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Output]


def in_a_process(*arguments: str, in_background: bool = False, talks: bool = False) -> "subprocess.Popen[str]":
    """Start `langgraph-moa` on its own; a shell's script starts what ends in `&` with SIGINT ignored."""
    # Whoever started the tests may have done so in the background, too, and Python would inherit that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if in_background else signal.default_int_handler)
    try:
        pipe = subprocess.PIPE
        return warm.start("-m", "langgraph_moa", *arguments, stdin=pipe if talks else None, stdout=pipe, stderr=pipe)
    finally:
        signal.signal(signal.SIGINT, before)


def finish(process: "subprocess.Popen[str]") -> Output:
    """Wait for its end."""
    out, err = process.communicate(timeout=60)
    return Output(process.returncode, out, err)
