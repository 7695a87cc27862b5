"""Run the command line as a person does: in this process, or in one that can be killed."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple


class Output(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Output]


def in_a_process(*arguments: str) -> "subprocess.Popen[str]":
    """Start `langgraph-moa` on its own."""
    command = [sys.executable, "-m", "langgraph_moa.apps.cli", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def finish(process: "subprocess.Popen[str]") -> Output:
    """Wait for its end."""
    out, err = process.communicate(timeout=60)
    return Output(process.returncode, out, err)
