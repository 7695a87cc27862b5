"""Put the same questions to real models alone and to mixtures of them, and write what came of it to the docs.

    python benchmarks/quality.py            # two small models, fetched by weights.py
    python benchmarks/quality.py --model small=http://127.0.0.1:8101/v1 --model large=http://127.0.0.1:8102/v1
    python benchmarks/quality.py --compare before.jsonl after.jsonl

Every call is kept by model, prompt and options: what was asked once is never asked again, so that a run that was ended
goes on where it was, and a changed prompt pays for what it changes.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from textwrap import fill
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from grading import (  # noqa: E402
    SETS,
    Question,
    ends_in_final_line,
    is_right,
    ours_in,
    questions_of,
    speaks_of_references,
)
from langchain_core.caches import BaseCache  # noqa: E402
from langchain_core.messages import AIMessage  # noqa: E402
from langchain_core.outputs import ChatGeneration, Generation  # noqa: E402
from langgraph_moa import Proposer, create_moa, create_self_moa, create_single  # noqa: E402
from langgraph_moa.core.errors import MoAError  # noqa: E402
from langgraph_moa.core.models.resolve import resolve_model  # noqa: E402
from langgraph_moa.evaluation.comparing.paired import Paired, paired  # noqa: E402
from langgraph_moa.evaluation.statistics import wilson  # noqa: E402
from langgraph_moa.prompts import bundled  # noqa: E402
from tables import columns  # noqa: E402
from weights import digest_of, fetch  # noqa: E402

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PAGE = ROOT / "docs" / "quality.md"
MADE = ROOT / "build" / "quality"
GSM8K = ROOT / ".." / "shared" / "data" / "openai_gsm8k_4models.jsonl"
LONGEST = {"gsm8k": 256, "choice": 256}
"""Tokens that an answer may have, so that a small machine ends; the same for all systems."""
_LONGEST, _TIMEOUT = 160, 600.0
USUAL = ("smollm2", "qwen05")
"""Models of `weights.toml` that are asked where none are named; the last one aggregates."""
NOTE = "+note"
_SELF = "self:"
_SURE = 0.05
"""McNemar's p below which a gain counts as one; a loss counts by its interval alone."""
Row = dict[str, Any]


class Kept(BaseCache):
    """Keep one model's answers in a file, with what they cost, so that a call is paid for once."""

    def __init__(self, path: Path, model: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, check_same_thread=False)
        self._file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, given TEXT)")
        self._model = model

    def _key(self, prompt: str, options: str) -> str:
        return sha256(json.dumps([self._model, prompt, options]).encode()).hexdigest()

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        query = "SELECT given FROM answers WHERE key = ?"
        found = self._file.execute(query, (self._key(prompt, llm_string),)).fetchone()
        return [ChatGeneration(message=AIMessage(**message)) for message in json.loads(found[0])] if found else None

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        messages = [cast("ChatGeneration", given).message.model_dump() for given in return_val]
        self._file.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)",
            (self._key(prompt, llm_string), json.dumps(messages, default=str)),
        )
        self._file.commit()

    def clear(self, **kwargs: Any) -> None:
        self._file.execute("DELETE FROM answers")
        self._file.commit()

    async def alookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        return self.lookup(prompt, llm_string)

    async def aupdate(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        self.update(prompt, llm_string, return_val)

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Served:
    """Hold one model that is asked, and what its server says of it."""

    name: str
    model: "BaseChatModel"
    facts: Mapping[str, Any]
    url: str | None = None

    def check(self) -> None:
        """Stop where its server is gone: a question that nobody heard was not answered wrongly."""
        if self.url and not facts_of_server(self.url).items() <= self.facts.items():
            sys.exit(f"found another model than before at {self.url}; start {self.name} there, and run this again")


def served(name: str, where: str, kept: Path) -> Served:
    """Reach a model: on a server, or by a provider of the package (`gguf:PATH`)."""
    if where.startswith(("http://", "https://")):
        facts = facts_of_server(where)
        model = resolve_model(facts["id"], base_url=where)
    else:
        facts = facts_of_file(Path(where.partition(":")[2]))
        model = resolve_model(where)
    # A server that says nothing of its model but the name is known by its address.
    known_by = json.dumps(facts if "size" in facts else [where, facts], sort_keys=True)
    if where.startswith("http"):
        facts = {**facts, **checksum_of_server(where)}
    chat = cast("BaseChatModel", model).model_copy(update={"cache": Kept(kept, known_by)})
    return Served(name, chat, facts, where if where.startswith("http") else None)


def facts_of_server(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/models", timeout=30) as response:
            [first, *_] = json.load(response)["data"]
    except (OSError, ValueError, KeyError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        sys.exit(
            f"found no list of models at {url} ({type(exc).__name__}), expected an OpenAI-compatible server; "
            "start it, and run this again: what was answered is kept"
        )
    meta = first.get("meta") or {}
    return {
        "id": first["id"],
        **{name: meta[name] for name in ("size", "n_params", "ftype") if name in meta},
    }


def checksum_of_server(url: str) -> dict[str, str]:
    """Return the checksum of the file that a llama.cpp server on this machine says it serves."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/').removesuffix('/v1')}/props", timeout=30) as response:
            path = Path(str(json.load(response).get("model_path")))
    except (OSError, ValueError, AttributeError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        return {}
    return {"sha256": digest_of(path)} if path.is_file() else {}


def facts_of_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        sys.exit(f"found no file {path}, expected a model's GGUF file; fetch it first")
    return {"id": path.name, "size": path.stat().st_size, "sha256": digest_of(path)}


def systems_of(models: Sequence[Served], aggregator: str) -> dict[str, Callable[[int], Any]]:
    """Return how each system is built, by name: nothing is set but the models, and what lets a small machine end."""
    by_name = {one.name: one.model for one in models}
    if aggregator not in by_name:
        sys.exit(f"found the aggregator {aggregator!r}, expected one of {', '.join(by_name)}")
    last = by_name[aggregator]
    note = bundled("mark").text

    def alone(model: Any) -> Callable[[int], Any]:
        return lambda longest: create_single(model=model, **_options(longest))

    def mixed(layers: int) -> Callable[[int], Any]:
        return lambda longest: create_moa(
            proposers=[Proposer(one.model, name=one.name) for one in models],
            aggregator=last,
            layers=layers,
            **_options(longest),
        )

    def sampled(model: Any) -> Callable[[int], Any]:
        # At temperature 0 its samples would be one text.
        return lambda longest: create_self_moa(
            model=Proposer(model, temperature=0.7), samples=3, aggregator=model, **_options(longest)
        )

    return {
        **{name: alone(model) for name, model in by_name.items()},
        **{f"{name}{NOTE}": alone(Proposer(model, system_prompt=note)) for name, model in by_name.items()},
        **{f"moa{layers}": mixed(layers) for layers in (2, 3)},
        **{f"{_SELF}{name}": sampled(model) for name, model in by_name.items()},
    }


def _options(longest: int) -> dict[str, Any]:
    return {"temperature": 0.0, "max_tokens": longest, "timeout": _TIMEOUT}


def baseline_of(system: str, aggregator: str) -> str | None:
    """Return the model alone that a system is held against; None for one that is itself alone."""
    if system.endswith(NOTE):
        return system.removesuffix(NOTE)
    if system.startswith(_SELF):
        return system.removeprefix(_SELF)
    return aggregator if system.startswith("moa") else None


async def ask_all(
    systems: Mapping[str, Callable[[int], Any]],
    questions: Sequence[Question],
    *,
    models: Sequence[Served] = (),
    concurrency: int,
    raw: Path,
) -> list[Row]:
    """Put every question to every system, one system after the other, and write each answer down as it comes."""
    rows: list[Row] = []
    turn = asyncio.Semaphore(concurrency)
    raw.parent.mkdir(parents=True, exist_ok=True)
    total = len(systems) * len(questions)
    with raw.open("w", encoding="utf-8") as file:
        for name, build in systems.items():
            graphs = {longest: build(longest) for longest in {longest_of(q) for q in questions}}

            async def one(question: Question, name: str = name, graphs: dict[int, Any] = graphs) -> None:
                async with turn:
                    row = await ask(graphs[longest_of(question)], name, question)
                    if row["failed"]:
                        for model in models:
                            await asyncio.to_thread(model.check)
                        row = await ask(graphs[longest_of(question)], name, question)
                rows.append(row)
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()
                sys.stderr.write(f"\r{len(rows)} of {total}: {name} {question.set}{' ' * 20}")

            try:
                await asyncio.gather(*map(one, questions))
            finally:
                sys.stderr.write("\n")
    return rows


def longest_of(question: Question) -> int:
    return LONGEST.get(question.set, _LONGEST)


async def ask(graph: Any, name: str, question: Question) -> Row:
    row: Row = {"set": question.set, "id": question.id, "system": name}
    try:
        state = await graph.ainvoke({"messages": [{"role": "user", "content": question.text}]})
    except MoAError as exc:
        free = {"text": "", "right": False, "tokens": 0, "prompt_tokens": 0, "seconds": 0.0, "calls": 0, "failed": 1}
        return {**row, **free, "status": f"failed: {exc}"}
    run, text = state["run"], state["messages"][-1].text
    calls = [*state.get("proposals", []), *run["aggregators"]]
    return {
        **row,
        "text": text,
        "status": status_of(run),
        "right": graded(question, text),
        "tokens": run["usage"]["output_tokens"],
        "prompt_tokens": run["usage"]["input_tokens"],
        "seconds": run["seconds"],
        "calls": run["calls"],
        "failed": sum(call["status"] in ("error", "timeout") for call in calls),
    }


def graded(question: Question, text: str) -> bool:
    """Tell whether an answer is right; one that repeats our prompts is none."""
    return is_right(question, text) and not ours_in(text)


def status_of(run: Mapping[str, Any]) -> str:
    if run["stopped"] == "fell_back":
        return f"fell back: {run['degraded']}"
    return "truncated" if run["truncated"] else "ok"


# What came of it ------------------------------------------------------------------------------------------------------


def load(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def regraded(rows: Sequence[Row], gsm8k: Path) -> list[Row]:
    """Grade answers by today's rules, so that two files are graded alike; those to questions that are gone stay."""
    sets = [name for name in SETS if name != "gsm8k" or gsm8k.is_file()]
    known = {(of, question.id): question for of in sets for question in questions_of(of, gsm8k)}
    return [
        {**row, "right": graded(question, row["text"])} if (question := known.get((row["set"], row["id"]))) else row
        for row in rows
    ]


def by_system(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """Return answers by set and system, and there by question."""
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["set"], row["system"]), {})[row["id"]] = row
    return dict(sorted(found.items(), key=lambda item: (SETS.index(item[0][0]), _place(item[0][1]))))


def _place(system: str) -> tuple[bool, bool, str]:
    return system.startswith(("moa", _SELF)), system.endswith(NOTE), system


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


@dataclass(frozen=True)
class Difference:
    """Hold how one system differs from another on the questions that both were asked."""

    of: str
    system: str
    other: str
    questions: int
    found: Paired
    shares: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Conclude what the interval allows, and no more."""
        if self.found.high < 0:
            return "worse"
        is_better = self.found.low > 0 and self.found.p < _SURE
        return "better" if is_better else "no worse, as far as can be told"

    def cells(self) -> Sequence[str]:
        one, other = self.shares
        gains, losses = self.found.gains, self.found.losses
        return (
            self.of,
            self.system,
            self.other,
            str(self.questions),
            f"{100 * (one - other):+.0f}",
            f"{100 * self.found.low:+.0f} to {100 * self.found.high:+.0f}",
            f"+{gains} -{losses}",
            f"{self.found.p:.3f}",
            self.verdict,
        )


HEAD = ("questions", "system", "against", "asked both", "points", "95 % interval", "won, lost", "p", "that is")


def difference(of: str, names: tuple[str, str], one: Mapping[str, Row], other: Mapping[str, Row]) -> Difference | None:
    """Compare answers to the same questions; None where there are none."""
    shared = [name for name in one if name in other]
    grades = [[float(side[name]["right"]) for name in shared] for side in (one, other)]
    told = paired(*grades) if shared else None
    if told is None:
        return None
    return Difference(of, *names, len(shared), told, (fmean(grades[0]), fmean(grades[1])))


def differences(rows: Sequence[Row], aggregator: str) -> list[Difference]:
    """Compare each system with the model alone that it must not be worse than."""
    answers = by_system(rows)
    found = []
    for (of, system), mine in answers.items():
        against = baseline_of(system, aggregator)
        if against is not None and (of, against) in answers:
            found.append(difference(of, (system, against), mine, answers[of, against]))
    return [one for one in found if one is not None]


def concluded(found: Sequence[Difference]) -> str:
    """Say in words what the differences come to."""
    sentences = []
    for kind, what in (("mixtures", _is_mixture), ("the note on marked answers", lambda d: d.system.endswith(NOTE))):
        held = [one for one in found if what(one)]
        worse = [f"{one.system} on {one.of}" for one in held if one.verdict == "worse"]
        better = [f"{one.system} on {one.of}" for one in held if one.verdict == "better"]
        if not held:
            continue
        subject = kind[0].upper() + kind[1:]
        if worse:
            sentences.append(f"{subject}: worse than the model alone, by more than chance: {', '.join(worse)}.")
        else:
            sentences.append(
                f"{subject}: nowhere worse than the model alone by more than chance; every interval of the "
                "difference holds 0, or lies above it."
            )
        if better:
            sentences.append(f"Better, by more than chance: {', '.join(better)}.")
    widest = min((100 * one.found.low for one in found), default=0.0)
    if found:
        sentences.append(
            f"So few questions cannot show small harm: the lowest end of all these intervals is {widest:+.0f} points."
        )
    return fill(" ".join(sentences), 120)


def _is_mixture(one: Difference) -> bool:
    return not one.system.endswith(NOTE)


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
    for system in sorted({row["system"] for row in rows}, key=_place):
        mine = [row for row in rows if row["system"] == system]
        wide = [row for row in mine if row["set"] == "open"]
        ours, silly = sum(bool(ours_in(row["text"])) for row in mine), sum(ends_in_final_line(r["text"]) for r in wide)
        hints = sum(speaks_of_references(row["text"]) for row in mine)
        words = f"{fmean(len(row['text'].split()) for row in wide):.0f}" if wide else "-"
        yield system, str(len(mine)), str(ours), str(hints), str(len(wide)), str(silly), words


def compared(before: Sequence[Row], after: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Compare two runs, system by system, on the questions of both."""
    yield *HEAD, "tokens", "now wrong", "now right"
    old, new = by_system(before), by_system(after)
    for place, mine in new.items():
        theirs = old.get(place, {})
        found = difference(place[0], ("after", "before"), mine, theirs)
        if found is None:
            continue
        shared = [name for name in mine if name in theirs]
        tokens = [fmean(side[name]["tokens"] for name in shared) for side in (theirs, mine)]
        lost, won = (
            " ".join(name for name in shared if bool(a[name]["right"]) > bool(b[name]["right"]))
            for a, b in ((theirs, mine), (mine, theirs))
        )
        cells = found.cells()
        yield place[0], place[1], *cells[2:], f"{tokens[0]:.0f} > {tokens[1]:.0f}", lost or "-", won or "-"


ASKED = {
    "everyday": "short questions such as anybody asks, written for this page",
    "choice": "questions with four options, of school level, written for this page",
    "open": "requests for a text, written for this page; right means the form that was asked for",
    "gsm8k": "short questions of GSM8K (MIT) of two to four steps",
}


def page(rows: Sequence[Row], models: Sequence[Mapping[str, Any]], aggregator: str, left_out: Sequence[str]) -> str:
    """Write the page: every sentence that depends on figures comes from them."""
    where = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    counts = {of: len({row["id"] for row in rows if row["set"] == of}) for of in SETS}
    asked = "\n".join(f"- **{of}**, {counts[of]}: {ASKED[of]}." for of in SETS if counts[of])
    missing = "".join(f"\n{sentence}\n" for sentence in left_out)
    found = differences(rows, aggregator)
    ours = sum(bool(ours_in(row["text"])) for row in rows)
    return f"""# Quality, measured

Written by `python benchmarks/quality.py` ({where}).

Real models, asked the same questions at temperature 0: each alone, each with the note on marked answers as its system
prompt, and in mixtures with nothing set but the models. An answer has at most {_LONGEST} tokens, {LONGEST["gsm8k"]} for
choice and GSM8K, in all systems; what is cut there is graded as it stands.

{columns([("model", "size", "parameters", "sha256"), *map(_model_row, models)])}

The mixtures ask all of them; {aggregator} aggregates. `moa2` has two [layers](mixture.md#words), `moa3` three.

{asked}
{missing}
Answers are graded by rules that share nothing with how the package reads them; one that repeats our prompts is wrong.

## Right answers

{columns(list(results(rows)))}

## Against the model alone

Each mixture against its aggregator's model alone, and the note against none, on the same questions: the difference in
points with its interval (Newcombe's, for pairs), and McNemar's exact test.

{columns([HEAD, *(one.cells() for one in found)])}

{concluded(found)}

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


def _chosen(given: str, known: Sequence[str], what: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"found {what} {', '.join(unknown)}, expected some of {', '.join(known)}")
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
    usual = ",".join(name for name in built if not name.startswith(_SELF))
    systems = {name: built[name] for name in _chosen(given.systems or usual, list(built), "systems")}
    questions = [question for name in sets for question in questions_of(name, given.gsm8k, given.limit)]
    rows = asyncio.run(ask_all(systems, questions, models=models, concurrency=given.concurrency, raw=given.raw))
    text = page(rows, [{"name": one.name, **one.facts} for one in models], aggregator, left_out)
    given.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
