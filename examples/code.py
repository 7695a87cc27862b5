"""Generated code that has to pass tests: each proposal is run, and the one that passes most of them is the answer.

This is no sandbox against malice: its limits stop loops and mistakes, on Linux and macOS; for more, use a container.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress

from langchain.messages import HumanMessage
from langgraph_moa import Pick, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel

TESTS = ["add(2, 2) == 4", "add(-1, 1) == 0", "add('a', 'b') == 'ab'"]
LIMITED = """if True:
    import contextlib as c, os, resource as r, sys; passed = 0
    for what, most in [(r.RLIMIT_CPU, 1), (r.RLIMIT_AS, 2**29), (r.RLIMIT_FSIZE, 2**16), (r.RLIMIT_NPROC, 64)]:
        with c.suppress(OSError, ValueError): r.setrlimit(what, (most, most))
    with c.suppress(OSError, AttributeError): os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)  # no network: Python 3.12
    score = os.dup(1); os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it prints, or what it begins, is no score
    exec(sys.stdin.read(), names := {})
    for test in sys.argv[1:]:
        with c.suppress(Exception): passed += bool(eval(test, names))
    os.write(score, b"%d" % passed)"""


def passed(text: str) -> int:
    """Return how many tests a proposal passes, in a process that ends with its group: what calls setsid has left it."""
    command = [sys.executable, "-I", "-c", LIMITED, *TESTS]
    with tempfile.TemporaryDirectory() as at, tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, cwd=at, env={}, stdin=-1, stdout=out, stderr=-3, process_group=0)  # noqa: S603
        with suppress(subprocess.TimeoutExpired, BrokenPipeError):
            child.communicate(text.partition("```python\n")[2].partition("```")[0].encode(), timeout=5)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # also what it has begun, and is in its group
        return int(os.pread(out.fileno(), 9, 0) or 0) if child.wait() == 0 else 0


BODIES = {"loops": "while True: pass", "numbers": "return a + b if a > 0 else 0", "all": "return a + b"}
models = [ScriptedModel(name_of_model=n, script=f"```python\ndef add(a, b): {b}\n```") for n, b in BODIES.items()]
moa = create_moa(proposers=models, aggregator=Pick(passed, timeout=20))
print("\n".join(moa.invoke({"messages": [HumanMessage("Write add(a, b).")]})["run"]["notes"]))
