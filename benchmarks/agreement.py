"""Measure early stop, waves and voting on recorded answers of real models, and write the tables to the docs.

The answers are played through the real graph by scripted models; nothing is asked. They lie beside the project, in
`../shared/data`, and its README says where they are from.
"""

import asyncio
import json
import os
import platform
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from langgraph_moa import EarlyStop, Measure, Vote, closed_answers, embedding_agreement, near_duplicates  # noqa: E402
from langgraph_moa.core.agreement.answers import read_answer  # noqa: E402
from langgraph_moa.core.agreement.comparing import compare_texts  # noqa: E402
from langgraph_moa.core.agreement.values import same_answer  # noqa: E402
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, play, strongest_first  # noqa: E402
from tables import columns  # noqa: E402

PAGE = ROOT / "docs" / "agreement.md"
ANSWER = EarlyStop(then="answer")


def rules() -> Iterator[Sequence[str]]:
    yield "questions", "rule", "stops on", "right there"
    for name, panel in (("GSM8K", GSM8K), ("CRUX", CRUX)):
        for k in (6, 5, 4):
            played = play(panel, early_stop=EarlyStop(quorum=k / 6, then="answer"))
            yield f"{name} ({played.questions:,})", f"{k} of 6 agree", share(played.agreed), share(played.right_agreed)
    yield "CRUX (800)", "6 samples of one model agree", *samples_of_one(6)


def samples_of_one(size: int) -> tuple[str, str]:
    """Draw samples of each question; the file has them in the order of how often they were said."""
    dice, agreed, right = random.Random(1), 0, 0
    with (DATA / "cruxeval_codellama7b_10samples.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        agreement = closed_answers()(dice.sample(row["samples"], size))
        if agreement["groups"] and len(agreement["groups"][0]) == size:
            agreed += 1
            one, gold = read_answer(agreement["answer"] or ""), read_answer(row["gold"])
            right += one is not None and gold is not None and same_answer(one, gold)
    return share(agreed / len(rows)), share(right / agreed)


def waves() -> Iterator[Sequence[str]]:
    yield "questions", "asked", "right", "calls a question"
    for name, panel in (("GSM8K, five models", strongest_first(FIVE)), ("CRUX, six models", strongest_first(CRUX))):
        for who, options in (
            ("everyone, then a vote", {"early_stop": None}),
            ("2 first, then the rest and a vote", {"early_stop": ANSWER, "waves": (2,)}),
            ("3 first, then the rest and a vote", {"early_stop": ANSWER, "waves": (3,)}),
        ):
            played = play(panel, aggregator=Vote(), **options)
            yield name, who, share(played.right), f"{played.calls:.2f}"


def speed() -> Iterator[Sequence[str]]:
    yield "measure", "32 answers of 2,000 characters, CPU", "longest the event loop was kept"
    dice = random.Random(1)
    words = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8").split()
    texts = [" ".join(dice.choices(words, k=400))[:2000] + f"\nFinal answer: {dice.choice('78')}" for _ in range(32)]

    class Directions:
        async def aembed_documents(self, given: list[str]) -> list[list[float]]:
            return [[dice.random() for _ in range(1536)] for _ in given]

    measures: list[tuple[str, Measure]] = [
        ("closed answers", closed_answers()),
        ("near duplicates", near_duplicates()),
        ("embeddings of 1,536 numbers", embedding_agreement(Directions(), 0.9)),  # type: ignore[arg-type]
    ]
    for name, measure in measures:
        blocked, cpu = asyncio.run(watched(measure, texts))
        yield name, f"{cpu * 1000:.1f} ms", f"{blocked * 1000:.1f} ms"


async def watched(measure: Measure, texts: Sequence[str]) -> tuple[float, float]:
    """Return how long the loop could not turn, and the CPU of one judgement; of several, the best."""
    longest = 0.0

    async def turn() -> None:
        nonlocal longest
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - start)

    blocked, cpu = [], []
    for _ in range(7):
        start = time.process_time()
        await compare_texts(measure, texts)
        cpu.append(time.process_time() - start)
        turning = asyncio.create_task(turn())
        await asyncio.sleep(0.01)
        longest = 0.0
        await compare_texts(measure, texts)
        await asyncio.sleep(0)
        blocked.append(longest)
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
    return min(blocked), min(cpu)


def share(value: float) -> str:
    return f"{100 * value:.1f} %"


def main() -> None:
    if not DATA.is_dir():
        sys.exit(WHY_NOT)
    where = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    page = f"""# Agreement, measured

Written by `python benchmarks/agreement.py` ({where}).

Recorded answers of real models, played through the real graph; nothing was asked. GSM8K's and CRUXEval's questions have
known answers (MIT); the models' answers are from WildEval/ZeroEval (Apache-2.0) and facebookresearch/cruxeval (MIT).
How it works is told under [early stop](early-stop.md).

## When all, or most, agree

Six different models, each asked once; and one model, asked six times.

{columns(list(rules()))}

Samples of one model agree while they are wrong far more often than different models do: that is why an early stop asks
for three different models.

## The first few, then the rest

`waves=(2,)` asks the first two declared models, here the strongest; the others only if those disagree. Which are the
strongest is known from these very questions, so this is mildly optimistic. On hard questions two agree while they are
wrong far more often than three or four: `calibrate` says how often.

{columns(list(waves()))}

## What judging costs

{columns(list(speed()))}
"""
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
