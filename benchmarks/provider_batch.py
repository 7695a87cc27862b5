"""Ask questions in three layers in a provider's batches, and kill who asks again and again; ask them live, too.

The provider is a server of this machine, a process of its own with a log of all that it bills. One batch expires half
way, two come back with failures, and the answer to one batch's creation is lost.

python benchmarks/provider_batch.py [--questions 10000] [--kills 5] [--between 1 40] [--seed 1]
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support" / "processes"))

from batches import Files
from commands import in_a_process
from provider_process import Provider, asked_instead, provider

MODELS = ["gpt-4.1-mini", "gpt-4.1-nano", "gpt-4.1"]
"""Two proposers and the aggregator, as OpenAI calls them."""
CALLS = 5
"""How many a question takes: two layers of two, and the aggregator."""
FLAGS = ["--early-stop", "off", "--json", "--concurrency", "64"]
POLL = 2.0
"""How many seconds pass at most until a provider is asked again."""


@cache
def list_prices() -> dict[str, tuple[float, float]]:
    """Return what a million tokens cost, read and written, outside of batches: as genai-prices has it."""
    from genai_prices import Usage, calc_price

    million = (Usage(input_tokens=10**6), Usage(output_tokens=10**6))
    prices = {
        model: [float(calc_price(usage, model, provider_id="openai").total_price) for usage in million]
        for model in MODELS
    }
    return {model: (read, written) for model, (read, written) in prices.items()}


def settings() -> str:
    """Return the mixture; of a batch's share of the prices it says nothing."""
    prices = (f'"openai:{name}" = {{input = {read}, output = {out}}}' for name, (read, out) in list_prices().items())
    proposers = json.dumps([f"openai:{name}" for name in MODELS[:2]])
    lines = [f"proposers = {proposers}", f'aggregator = "openai:{MODELS[2]}"', "layers = 3", "[prices]", *prices]
    return "\n".join(lines)


@dataclass
class Run:
    """Say what came of the questions, live or in batches."""

    rows: dict[str, Any] = field(default_factory=dict)
    """Answers by the id of the question."""
    doubled: int = 0
    failed: int = 0
    usd: dict[str, float] = field(default_factory=dict)
    """What each row cost."""
    billed: Counter[str] = field(default_factory=Counter)
    listed: float = 0.0
    """What all that was billed costs at the list price."""
    batches: int = 0
    kills: list[str] = field(default_factory=list)
    seconds: float = 0.0
    megabytes: float = 0.0


@dataclass
class Kill:
    """Say when a process is killed: once so much was billed, and so many rows are there, and so many seconds later."""

    billed: int
    seconds: float
    rows: int = 0

    def carry_out(self, process: int, server: Provider, rows: Path) -> str:
        """Wait, kill it, and say when that was."""
        start = time.perf_counter()
        most = max(self.rows, _lines_in(rows) + 1) if self.rows else 0  # of which this process writes one at least
        while (server.answers() < self.billed or _lines_in(rows) < most) and not _has_ended(process):
            time.sleep(0.05)
        time.sleep(self.seconds)
        os.kill(process, signal.SIGKILL)
        written = f", {_lines_in(rows):,} rows" if self.rows else ""
        return f"{time.perf_counter() - start:.1f} s ({server.answers():,} billed{written})"


def _lines_in(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def _has_ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def moments(questions: int, kills: int, between: tuple[float, float], dice: random.Random) -> list[Kill]:
    """Return when processes are killed: the first before anything is sent, the last while rows are written."""
    billed = [0, *sorted(dice.randrange(questions * CALLS) for _ in range(kills - 2))] if kills else []
    last = [Kill(0, 0.0, rows=dice.randrange(1, questions))] if kills > 1 else []
    return [*(Kill(many, dice.uniform(*between)) for many in billed), *last]


def plans(questions: int) -> list[dict[str, Any]]:
    """Return what becomes of the first batches: the second expires half way, the third and fourth fail in part."""
    some = max(1, questions // 20)
    partly = {"statuses": [429] * some + [500] * some}
    return [{}, {"end": "expired", "share": 0.5}, partly, {**partly, "together": True}]


def run(folder: Path, server: Provider, questions: int, flags: Sequence[str], kills: Sequence[Kill] = ()) -> Run:
    """Ask all questions in processes that are killed, but for the last.

    Args:
        folder: For its files.
        server: Whom it asks.
        questions: How many.
        flags: Of the command.
        kills: When each process but the last is killed.
    """
    files, came_of = Files(folder), Run()
    files.ask(questions)
    (folder / "settings.toml").write_text(settings())
    rest = ["--config", str(folder / "settings.toml"), *FLAGS, *flags]
    command = ["batch", str(files.questions), str(files.rows), *rest]
    start = time.perf_counter()
    for kill in (*kills, None):
        with asked_instead(server.url):
            process = in_a_process(*command)
        assert process.stdout
        assert process.stderr
        with ThreadPoolExecutor() as pool:
            outputs = [pool.submit(pipe.read) for pipe in (process.stdout, process.stderr)]
            if kill:
                came_of.kills.append(kill.carry_out(process.pid, server, files.rows))
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        came_of.megabytes = max(came_of.megabytes, usage.ru_maxrss / 1024)
        with process:  # which closes its pipes
            if process.returncode not in ((0, -signal.SIGKILL) if kill else (0,)):  # it may have been done before
                raise SystemExit(f"exit code {process.returncode}: {outputs[1].result()[-2000:]}")
    came_of.seconds = time.perf_counter() - start
    _add_up(came_of, files, server)
    return came_of


def _add_up(came_of: Run, files: Files, server: Provider) -> None:
    for row in files.whole_rows():
        came_of.doubled += row["id"] in came_of.rows
        came_of.failed += row["answer"] is None
        came_of.usd[row["id"]] = row["run"]["usd"] or 0.0
        came_of.rows[row["id"]] = row["answer"]
    came_of.billed = server.billed()
    for line in server.lines():
        came_of.batches += "created" in line
        if "billed" in line:
            usage, (read, written) = line["usage"], list_prices()[line["billed"]]
            came_of.listed += (usage["prompt_tokens"] * read + usage["completion_tokens"] * written) / 10**6


def compare(
    folder: Path,
    questions: int,
    kills: int,
    between: tuple[float, float],
    *,
    live: int | None = None,
    seed: int = 1,
    poll: float = POLL,
) -> tuple[Run, Run]:
    """Ask the same questions live and in batches, killed at random, each at a provider of its own.

    Args:
        folder: For files.
        questions: How many.
        kills: How often who asks for batches is killed.
        between: How many seconds after a moment that a die says, at least and at most.
        live: How many of the questions are asked live, too, the first of them; None is all.
        seed: Of the die.
        poll: How many seconds pass at most until a provider is asked again.
    """
    dice = random.Random(seed)
    for name in ("live", "batches"):
        (folder / name).mkdir()
    asked_now = Run()
    if live != 0:
        with provider(folder / "live") as server:
            asked_now = run(folder / "live", server, questions if live is None else live, [])
    lost = json.dumps([{"path": "/batches", "done": True, "seen": 3}])
    with provider(folder / "batches", "--plans", json.dumps(plans(questions)), "--refusals", lost) as server:
        when = moments(questions, kills, between, dice)
        batched = run(folder / "batches", server, questions, ["--provider-batch", "--batch-poll", f"{poll:g}"], when)
    return asked_now, batched


def check(live: Run, batched: Run, questions: int) -> list[str]:
    """Return what is wrong."""
    wrong = []
    for name, one, rows in (("live", live, len(live.rows)), ("in batches", batched, questions)):
        wrong += [f"{name}: {len(one.rows)} rows of {rows}"] if len(one.rows) != rows else []
        wrong += [f"{name}: {one.doubled} rows twice"] if one.doubled else []
        wrong += [f"{name}: {one.failed} rows without an answer"] if one.failed else []
        needed, times = CALLS * rows, max(one.billed.values(), default=0)
        wrong += [f"{name}: {one.billed.total()} billed, {needed} needed"] if one.billed.total() != needed else []
        wrong += [f"{name}: a request was billed {times} times"] if times > 1 else []
    wrong += ["what was asked live was not asked in batches"] if live.billed - batched.billed else []
    differing = sum(batched.rows.get(name) != row for name, row in live.rows.items())
    wrong += [f"{differing} answers differ"] if differing else []
    dearer = sum(abs(batched.usd.get(name, 0.0) - usd / 2) > 1e-9 for name, usd in live.usd.items())
    wrong += [f"{dearer} questions not at half of their price"] if dearer else []
    for name, one, share in (("live", live, 1.0), ("in batches", batched, 0.5)):
        usd, due = sum(one.usd.values()), one.listed * share
        wrong += [f"{name}: {usd:.6f} USD, {due:.6f} due"] if abs(usd - due) > 1e-6 * due else []
    return wrong


def main(questions: int, kills: int, between: tuple[float, float], live: int | None, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        asked_now, batched = compare(Path(folder), questions, kills, between, live=live, seed=seed)
    print(f"{questions:,} questions, three layers, {CALLS} calls each: {questions * CALLS:,} requests needed")
    for name, one in (("live", asked_now), ("in batches", batched)):
        print(
            f"{name}: {len(one.rows):,} rows, {one.billed.total():,} requests billed, {sum(one.usd.values()):.4f} USD, "
            f"{one.seconds:.0f} s, at most {one.megabytes:.0f} MB"
        )
    print(f"batches: {batched.batches}; one expired half way, two failed in part, one creation's answer was lost")
    print(f"killed after {', '.join(batched.kills) or 'nothing'}")
    wrong = check(asked_now, batched, questions)
    print("wrong: " + "; ".join(wrong) if wrong else "every row once, nothing paid twice, half of the money")
    return bool(wrong)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--questions", type=int, default=10_000)
    arguments.add_argument("--kills", type=int, default=5)
    arguments.add_argument(
        "--between", type=float, nargs=2, default=[1.0, 40.0], help="seconds from a moment to its kill"
    )
    arguments.add_argument("--live", type=int, help="how many of them are asked live, too; all of them without it")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    sys.exit(main(given.questions, given.kills, tuple(given.between), given.live, given.seed))
