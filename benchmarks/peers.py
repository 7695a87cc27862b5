"""Measure against other packages that run mixtures of agents, and write their section of docs/measured.md.

`make bench-peers` installs each in an environment of its own, `.venv/peers/NAME`, from `benchmarks/peers/NAME.txt`.
`ways.py` says how each is asked. Before anything is measured, a run of each is looked at: it makes 13 calls, with the
same temperature and limit of tokens.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from floors import CALL_S
from loopback import Reply, Request, serve
from runners import WARM, answering, in_turn, middle, ratio
from speed_page import PAGE, ROOT, Row, table, when_and_where, with_sections
from ways import SETTINGS

HEADING = "Beside other packages"
CALLS = 13
PINS = sorted((ROOT / "benchmarks" / "peers").glob("*.txt"))
TEXT = """{ran}

The same 13 calls, to one server: 6 proposers, 3 layers, temperature 0.7, 512 tokens, a prompt of 1,500 words, answers
of 192, no early stop. {versions}. Each package has a process of its own, and they take turns.

- mixture-llm runs `[Propose(6 models), Synthesize(6 models), Aggregate(model)]` with the client that its README gives:
  one `AsyncOpenAI`, and `chat.completions.create` for each call. Many at once are that many `run(...)` in
  `asyncio.gather`.
- distilabel runs `MixtureOfAgentsLLM(proposers_llms=6 x OpenAILLM, aggregator_llm=OpenAILLM, rounds=2)` by
  `generate_outputs(inputs=...)`. Many at once are one list of that many inputs, as its steps give it. Its
  prompts are shorter than the others': where proposals' texts should stand, 1.5.3 writes the words "generations" and
  "statistics".
- langgraph-moa runs `create_moa(...)` over models from strings by `ainvoke`; many at once in `asyncio.gather`.
  "Frozen" is after `gc.freeze()`, which its own commands call.

{table}
"""


def interpreters(names: Sequence[str]) -> dict[str, str]:
    """Return the Python of each peer's environment."""
    return {name: str(ROOT / ".venv" / "peers" / name / "bin" / "python") for name in names}


def pins() -> dict[str, str]:
    """Return the version that each peer is pinned to, by its name."""
    lines = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in PINS}
    return {name: next(line.partition("==")[2] for line in text if "==" in line) for name, text in lines.items()}


def sent_kb(way: str, pythons: Mapping[str, str]) -> float:
    """Return how many kB of requests one run sends.

    Raises:
        SystemExit: It does not make the calls that are compared.
    """
    with serve() as server:
        server.default = Reply(" ".join(f"word{number}" for number in range(192)))
        in_turn([way], server.url, rounds=1, runs=1, pythons=pythons)
    requests = server.requests
    if len(requests) != CALLS * (WARM + 1) or any(settings_of(request) != SETTINGS for request in requests):
        raise SystemExit(
            f"found {len(requests)} calls of {WARM + 1} runs of {way!r}, with {settings_of(requests[-1])}, expected "
            f"{CALLS} each, with {SETTINGS}; its version or ways.py has changed"
        )
    return sum(len(json.dumps(request.body)) for request in requests[-CALLS:]) / 1000


def settings_of(request: Request) -> dict[str, object]:
    """Return the settings of a call that all have in common."""
    limit = request.body.get("max_tokens") or request.body.get("max_completion_tokens")
    return {"temperature": request.body.get("temperature"), "max_tokens": limit}


def rows(pythons: Mapping[str, str], *, rounds: int = 12, runs: int = 5, many: int = 50) -> Iterator[Row]:
    """Measure ours and each peer in turn, one run at a time and many at once."""
    peers, n = list(pythons), f"{rounds}x{runs}"
    for way in ("ours", *peers):
        yield Row(f"{way}, requests of a run", sent_kb(way, pythons), "1", unit=" kB", digits=0)
    with answering() as url:
        took = in_turn(["ours", *peers], url, rounds=rounds, runs=runs, pythons=pythons)
    for way, turns in took.items():
        yield Row(f"{way}, one at a time, CPU", middle(turns, "cpu_ms"), n, unit=" ms")
    for peer in peers:
        goal = 0.55 if peer == "mixture-llm" else None
        yield Row(f"CPU of 13 calls against {peer}", ratio(took["ours"], took[peer], "cpu_ms"), n, goal)
    yield from rows_at_once(pythons, rounds=max(1, rounds // 2), runs=many)


def rows_at_once(pythons: Mapping[str, str], *, rounds: int, runs: int) -> Iterator[Row]:
    """Measure many at once, of calls that take 200 ms, against the better of the peers."""
    n, ways = f"{rounds}x{runs}", ["ours", "ours, frozen", *pythons]
    with answering(delay=CALL_S) as url:
        took = in_turn(ways, url, rounds=rounds, runs=runs, at_once=runs, pythons=pythons)
    for way, turns in took.items():
        yield Row(f"{way}, {runs} at once, runs a second", middle(turns, "rate"), n, digits=1)
    best = max(pythons, key=lambda peer: middle(took[peer], "rate"), default="ours")
    for way in ("ours", "ours, frozen"):
        what = f"{way}: runs a second against {best}, the better one"
        yield Row(what, ratio(took[way], took[best], "rate"), n, 1.9, at_least=True)


def main() -> None:
    """Write the section."""
    versions = ", ".join(f"{name} {version}" for name, version in pins().items())
    measured = list(rows(interpreters(list(pins()))))
    ran = when_and_where("make bench-peers")
    text = TEXT.format(ran=ran, versions=f"Versions: {versions}", table=table(measured))
    PAGE.write_text(with_sections(PAGE.read_text(encoding="utf-8"), {HEADING: text}), encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
