"""Put the same questions to real models alone and to mixtures of them, and write what came of it to the docs.

    python benchmarks/quality.py            # two small models, fetched by weights.py
    python benchmarks/quality.py --model small=http://127.0.0.1:8101/v1 --model large=http://127.0.0.1:8102/v1
    python benchmarks/quality.py --compare before.jsonl after.jsonl

Every call is kept by model, prompt and options: what was asked once is never asked again, so that a run that was ended
goes on where it was, and a changed prompt pays for what it changes.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from grading import SETS, questions_of  # noqa: E402
from quality_measures import compared, load, regraded  # noqa: E402
from quality_models import served  # noqa: E402
from quality_page import page  # noqa: E402
from quality_systems import SELF, ask_all, systems_of  # noqa: E402
from tables import columns  # noqa: E402
from weights import fetch  # noqa: E402

PAGE = ROOT / "docs" / "quality.md"
MADE = ROOT / "build" / "quality"
GSM8K = ROOT / ".." / "shared" / "data" / "openai_gsm8k_4models.jsonl"
USUAL = ("smollm2", "qwen05")
"""Models of `weights.toml` that are asked where none are named; the last one aggregates."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--model",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="a server's URL, or gguf:PATH (default: two small models)",
    )
    add("--aggregator", metavar="NAME", help="which of them aggregates; the last one, if not given")
    add("--sets", default=",".join(SETS), help="which questions (default: %(default)s)")
    add("--systems", help="which systems, by name (default: all but self-MoA)")
    add("--limit", type=int, metavar="N", help="ask the first N questions of each set")
    add("--gsm8k", type=Path, default=GSM8K, metavar="FILE", help="questions in GSM8K's form")
    add("--concurrency", type=int, default=6, metavar="N", help="questions at once (default: %(default)s)")
    add("--out", type=Path, default=PAGE, metavar="FILE", help="the page that is written")
    add("--raw", type=Path, default=MADE / "raw.jsonl", metavar="FILE", help="every answer, a JSON line each")
    add(
        "--kept", type=Path, default=MADE / "answers.sqlite", metavar="FILE", help="calls that were made, kept for good"
    )
    add("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="compare two raw files, and ask nothing")
    return parser.parse_args()


def _chosen(given: str, choices: Sequence[str], what: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := [name for name in names if name not in choices]:
        sys.exit(f"found {what} {', '.join(unknown)}, expected some of {', '.join(choices)}")
    return names


def main() -> None:
    given = _arguments()
    if given.compare:
        sys.stdout.write(columns(list(compared(*(regraded(load(path), given.gsm8k) for path in given.compare)))) + "\n")
        return
    pairs = [text.partition("=")[::2] for text in given.model]
    if not all(name and where for name, where in pairs):
        sys.exit("found a --model without name or address, expected NAME=URL or NAME=gguf:PATH; write both")
    pairs = pairs or [(name, f"gguf:{fetch(name)}") for name in USUAL]
    sets, left_out = _chosen(given.sets, SETS, "sets"), []
    if "gsm8k" in sets and not given.gsm8k.is_file():
        sets.remove("gsm8k")
        left_out.append("GSM8K was left out: its file was not there, and no part of it is a part of this project.")
        sys.stderr.write(f"{left_out[-1]} Name one with --gsm8k FILE.\n")
    models = [served(name, where, given.kept) for name, where in pairs]
    aggregator = given.aggregator or models[-1].name
    built = systems_of(models, aggregator)
    usual = ",".join(name for name in built if not name.startswith(SELF))
    systems = {name: built[name] for name in _chosen(given.systems or usual, list(built), "systems")}
    questions = [question for name in sets for question in questions_of(name, given.gsm8k, given.limit)]
    rows = asyncio.run(ask_all(systems, questions, models=models, concurrency=given.concurrency, raw=given.raw))
    text = page(rows, [{"name": one.name, **one.facts} for one in models], aggregator, left_out)
    given.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
