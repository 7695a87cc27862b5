"""Measure what starting takes, of the wheel as an index would hand it out: an editable install adds work of its own.

All is the CPU of a whole process, its end included, against that of a process that only imports LangGraph's graph.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from speed_page import Row

ROOT = Path(__file__).parents[1]
_LEFT_OUT = shutil.ignore_patterns(".*", "build", "*.egg-info", "tests", "benchmarks", "site")
GRAPH = "import langgraph.graph"
BUILT = """
from functools import partial
from langgraph_moa import create_moa, resolve_model
resolve = partial(resolve_model, base_url="http://127.0.0.1:9/v1")
create_moa(proposers=[f"proposer-{n}" for n in range(6)], aggregator="aggregator", layers=3, resolve=resolve)
"""


@contextmanager
def installed() -> Iterator[Path]:
    """Build the wheel, install it where this environment's packages are seen, and yield the folder of commands."""
    with tempfile.TemporaryDirectory(prefix="langgraph-moa-bench-") as folder:
        source, home = Path(folder) / "source", Path(folder) / "venv"
        shutil.copytree(ROOT, source, ignore=_LEFT_OUT)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, str(source)]
        subprocess.run([*pip, *build], check=True)
        venv.create(home, with_pip=False, symlinks=os.name != "nt")
        commands = home / ("Scripts" if os.name == "nt" else "bin")
        (wheel,) = Path(folder).glob("*.whl")
        subprocess.run([*pip, "--python", str(commands / "python"), "install", "--no-deps", str(wheel)], check=True)
        (packages,) = home.rglob("site-packages")
        # Packages of a folder that is named so are found; its own .pth files, the editable install's too, are not read.
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        yield commands


def cpu_s(command: Sequence[str]) -> float:
    """Run a command, and return the seconds of CPU of its process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LANG"))}
    with tempfile.TemporaryFile() as nowhere:
        process = subprocess.Popen(command, env=environment, stdout=nowhere, cwd=tempfile.gettempdir())
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"found exit code {process.returncode} of {' '.join(command)}, expected 0; run it by hand")
    return usage.ru_utime + usage.ru_stime


def in_rounds(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """Run each command in turn, again and again; the first round only writes what Python compiles."""
    took: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds = cpu_s(command)
            took[name] += [seconds] if number else []
    return took


def rows(rounds: int = 9) -> Iterator[Row]:
    """Measure what starts, each against the import of LangGraph's graph."""
    with installed() as commands:
        python = str(commands / "python")
        took = in_rounds(
            {
                "graph": [python, "-c", GRAPH],
                "import": [python, "-c", "from langgraph_moa import create_moa"],
                "built": [python, "-c", BUILT],
                "help": [str(commands / "langgraph-moa"), "--help"],
            },
            rounds,
        )

    def against(name: str) -> float:
        return median(ours / theirs for ours, theirs in zip(took[name], took["graph"], strict=True))

    yield Row("floor: import langgraph.graph", 1000 * median(took["graph"]), str(rounds), unit=" ms", digits=0)
    yield Row("from langgraph_moa import create_moa against it", against("import"), str(rounds), 1.15)
    yield Row("start to a built mixture of strings against it", against("built"), str(rounds), 1.35)
    yield Row("langgraph-moa --help against it", against("help"), str(rounds))
