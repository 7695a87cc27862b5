"""The page about it, whose sentences follow its figures."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from grading import SETS, ends_in_final_line, ours_in, speaks_of_references
from langgraph_moa.evaluation.statistics import wilson
from quality_measures import HEAD, by_system, concluded, differences, place_of_system
from quality_systems import LONGEST, LONGEST_USUAL, Row
from tables import columns


def results(rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    yield "questions", "system", "right", "95 % interval", "tokens a question", "prompt tokens", "cut", "not ok"
    for (of, system), answers in by_system(rows).items():
        given = list(answers.values())
        right = sum(row["right"] for row in given)
        low, high = wilson(right, len(given))
        cut = sum(row["status"] == "truncated" for row in given)
        other = sum(row["status"] not in ("ok", "truncated") for row in given)
        tokens, prompt = (fmean(row[what] for row in given) for what in ("tokens", "prompt_tokens"))
        yield (
            of,
            system,
            f"{right} of {len(given)}",
            f"{100 * low:.0f} to {100 * high:.0f} %",
            f"{tokens:.0f}",
            f"{prompt:.0f}",
            str(cut),
            str(other),
        )


def cleanness(rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    yield (
        "system",
        "answers",
        "hold words of ours",
        "speak of references",
        "open answers",
        "end in `Final answer`",
        "words",
    )
    for system in sorted({row["system"] for row in rows}, key=place_of_system):
        mine = [row for row in rows if row["system"] == system]
        wide = [row for row in mine if row["set"] == "open"]
        ours, silly = sum(bool(ours_in(row["text"])) for row in mine), sum(ends_in_final_line(r["text"]) for r in wide)
        hints = sum(speaks_of_references(row["text"]) for row in mine)
        words = f"{fmean(len(row['text'].split()) for row in wide):.0f}" if wide else "-"
        yield system, str(len(mine)), str(ours), str(hints), str(len(wide)), str(silly), words


ABOUT = {
    "everyday": "short questions such as anybody asks, written for this page",
    "choice": "questions with four options, of school level, written for this page",
    "open": "requests for a text, written for this page; right means the form that was asked for",
    "gsm8k": "short questions of GSM8K (MIT) of two to four steps",
}


def page(rows: Sequence[Row], models: Sequence[Mapping[str, Any]], aggregator: str, left_out: Sequence[str]) -> str:
    """Write the page: every sentence that depends on figures comes from them."""
    where = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    counts = {of: len({row["id"] for row in rows if row["set"] == of}) for of in SETS}
    sets = "\n".join(f"- **{of}**, {counts[of]}: {ABOUT[of]}." for of in SETS if counts[of])
    missing = "".join(f"\n{sentence}\n" for sentence in left_out)
    compared_pairs = differences(rows, aggregator)
    usual, longer = LONGEST_USUAL, LONGEST["gsm8k"]
    ours = sum(bool(ours_in(row["text"])) for row in rows)
    return f"""# Quality, measured

Written by `python benchmarks/quality.py` ({where}).

Real models, asked the same questions at temperature 0: each alone, each with the note on marked answers as its system
prompt, and in mixtures with nothing set but the models. An answer has at most {usual} tokens, {longer} for
choice and GSM8K, in all systems; what is cut there is graded as it stands.

{columns([("model", "size", "parameters", "sha256"), *map(_model_row, models)])}

The mixtures ask all of them; {aggregator} aggregates. `moa2` has two [layers](mixture.md#words), `moa3` three.

{sets}
{missing}
Answers are graded by rules that share nothing with how the package reads them; one that repeats our prompts is wrong.

## Right answers

{columns(list(results(rows)))}

## Against the model alone

Each mixture against its aggregator's model alone, and the note against none, on the same questions: the difference in
points with its interval (Newcombe's, for pairs), and McNemar's exact test.

{columns([HEAD, *(one.cells() for one in compared_pairs)])}

{concluded(compared_pairs)}

## Nothing of ours in an answer

{columns(list(cleanness(rows)))}

{ours} of {len(rows)} answers hold a tag of a [fence](mixture.md#words) with its nonce, or words of `prompts/`:
a sentence of five or more,
or any eight in a row. None may. No question here is about references, so that an answer should not speak of any.

## What small models cannot show about large ones

A small model is easily led: it copies what stands before it, obeys the last instruction, and forgets the question where
a prompt is long. So these models are a hard test of whether a prompt does harm, and a poor one of how much a mixture
helps. Large models correct each other's mistakes, which models of this size hardly do; their answers are longer, their
references better, and a long prompt does not cost them the thread. A prompt that harms none of these models is not
proven harmless for others, and a gain or loss here is no forecast for them: measure yours on questions of your own
with `langgraph-moa compare`.
"""


def _model_row(facts: Mapping[str, Any]) -> Sequence[str]:
    size, parameters = facts.get("size"), facts.get("n_params")
    return (
        str(facts["name"]),
        f"{size / 1e6:,.0f} MB {facts.get('ftype', '')}".strip() if size else "not told",
        f"{parameters / 1e6:,.0f} M" if parameters else "not told",
        str(facts.get("sha256") or "not told"),
    )
