"""Ask this project's own documentation questions with known sources, and write what is found and cited to the docs.

Nothing is random and nothing is asked of a network: the searches are SQLite's, the models are the offline ones.
"""

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from langgraph_moa import DocsRetriever, Retriever, create_rag_moa  # noqa: E402
from langgraph_moa.core.evidence.citations import read_citations  # noqa: E402
from langgraph_moa.core.evidence.passages import found_of, fuse  # noqa: E402
from langgraph_moa.core.evidence.retrievers import UNSUPPORTED  # noqa: E402
from langgraph_moa.core.offline.library import Variant  # noqa: E402
from langgraph_moa.core.offline.scripted import ScriptedModel  # noqa: E402
from languages import AMONG, languages  # noqa: E402
from tables import columns  # noqa: E402

PAGE = ROOT / "docs" / "evidence-measured.md"
DOCS = sorted(path for path in (ROOT / "docs").glob("*.md") if path != PAGE)
"""Where answers are looked for; not in the page that this writes."""
WAYS: tuple[Variant, ...] = get_args(Variant)
SHOWN = (1, 3, 8)
PLANTED = 'This is so [E1]. They say "no page has ever said this" [E1]. So does another [E99].'
"""What a faulty aggregator writes: one right citation, one quote that is nowhere, one id that does not exist."""
Places = Sequence[tuple[str, str]]
"""Pages, each with a heading."""


class Asked(NamedTuple):
    """Hold a question, and where it is answered: a page and the heading there, or two where both say it."""

    question: str
    places: Places


def asked(question: str, *places: str) -> Asked:
    return Asked(question, tuple((page, heading) for page, _, heading in (place.partition("#") for place in places)))


IN_OUR_TERMS = [
    asked("Which proposers count as different models for an early stop?", "early-stop.md#What the rule can be told"),
    asked("How does the early stop compare closed answers?", "early-stop.md#How proposals are compared"),
    asked("Who wins a tie when the aggregator is a vote?", "early-stop.md#Votes", "calibrate.md#Calibrate"),
    asked("Which proposal is returned when every aggregator fails?", "failures.md#When the aggregator fails"),
    asked("Does the aggregator see a refused proposal?", "failures.md#What goes wrong, and what happens then"),
    asked("What does a quorum do with proposers that are still running?", "failures.md#Stragglers"),
    asked("What does stopped say when a later layer fails?", "failures.md#What the report tells"),
    asked("What does the gate of a layer decide?", "graph.md#The graph"),
    asked("How is a reference kept from closing its fence?", "graph.md#References in the prompt"),
    asked("Do the proposers stream their tokens?", "graph.md#Streaming"),
    asked("What is the difference between a proposal and a reference?", "mixture.md#A mixture of agents"),
    asked("Which key is sent to the server of a base URL?", "models.md#A server of your own"),
    asked("How do I give one proposer a system prompt?", "options.md#Options"),
    asked("Which settings have no flag on the command line?", "options.md#Settings files"),
    asked("Are proposers that answered asked again after a resume?", "resume.md#Resuming a run"),
    asked("Which custom events does a mixture emit?", "running.md#Running a mixture in your own code"),
    asked("What if the next layer does not fit the budget?", "spending.md#What a run may cost"),
    asked("Are failures kept in the cache of proposals?", "spending.md#The same twice"),
    asked("How do I drop or edit a proposal in a review?", "studio.md#A review by a person"),
    asked("Which feedback is sent to LangSmith for a traced run?", "tracing.md#Feedback"),
]
"""As somebody asks who knows what things are called here."""
IN_OTHER_WORDS = [
    asked("Is a majority of samples from one single model as trustworthy?", "agreement.md#When all, or most, agree"),
    asked("What must a line of the recordings file look like?", "calibrate.md#Calibrate"),
    asked("How do I get a diagram of accuracy against money saved?", "calibrate.md#Calibrate"),
    asked("Can I try out a rule without it ending anything yet?", "early-stop.md#What the rule can be told"),
    asked("Is 'six' taken to be the same as '6'?", "early-stop.md#How proposals are compared"),
    asked("How can the majority win without paying anybody to write?", "early-stop.md#Votes"),
    asked(
        "Can two models go first and the others only join in when those differ?",
        "early-stop.md#Waves",
        "agreement.md#The first few, then the rest",
    ),
    asked("What happens if the model that writes the final text is down?", "failures.md#When the aggregator fails"),
    asked("What does the status skipped mean?", "failures.md#What goes wrong, and what happens then"),
    asked("Why does Ctrl-C take so long when I call it synchronously?", "failures.md#In the sync API"),
    asked("How do I stop waiting for the slowest ones?", "failures.md#Stragglers"),
    asked("Is an unknown cost shown as zero?", "failures.md#What the report tells", "spending.md#Prices"),
    asked("How many seconds did a call get when broken servers were tried?", "faults.md#Faults, tried"),
    asked("Why does the chat stand at the top of what a model reads?", "graph.md#References in the prompt"),
    asked("Whose words appear on the screen one by one?", "graph.md#Streaming"),
    asked("Do drafts from my previous question leak into the next one?", "graph.md#Turns and threads"),
    asked(
        "When are several models a bad idea?", "mixture.md#When not to use one", "when-not.md#When not to use a mixture"
    ),
    asked("Which scientific paper is this from?", "mixture.md#A mixture of agents"),
    asked("How do I use Ollama on my own laptop?", "models.md#Ollama", "models.md#A server of your own"),
    asked("A vendor withdrew a model: which file do I change?", "models.md#Models and keys"),
    asked("How long may one request last if I say nothing?", "options.md#Options"),
    asked("In which formats can I write a configuration?", "options.md#Settings files"),
    asked("Can I get a web page about what happened that works without internet?", "report.md#A page about a run"),
    asked("My machine crashed halfway: do I pay for everything again?", "resume.md#Resuming a run"),
    asked("How do I withdraw a question that nobody could answer?", "resume.md#Resuming a run"),
    asked("How does my service shut down cleanly?", "resume.md#Stopping on purpose"),
    asked(
        "How does my program follow the progress while it works?",
        "running.md#Running a mixture in your own code",
        "graph.md#Streaming",
    ),
    asked("Is there a fake model for unit tests?", "running.md#Running a mixture in your own code"),
    asked("Can I learn the price of a question before I ask it?", "spending.md#Before a run"),
    asked("How do I stay below the rate limit of a vendor?", "spending.md#Limits of a provider"),
    asked("What becomes of drafts too long for the context?", "spending.md#Windows"),
    asked("How can a human approve drafts before the last step?", "studio.md#A review by a person"),
    asked("How do I rewrite a draft by hand and continue from there?", "studio.md#Stopping, changing, going on"),
    asked("How do I keep my customers' words out of LangSmith?", "tracing.md#Without texts"),
    asked("Do I lose answers during an outage of LangSmith?", "tracing.md#When LangSmith is not there"),
    asked("How do I export spans to a collector?", "tracing.md#OpenTelemetry"),
]
"""As a stranger asks."""
KINDS = {"our terms": IN_OUR_TERMS, "other words": IN_OTHER_WORDS}
QUESTIONS = [*IN_OUR_TERMS, *IN_OTHER_WORDS]
NOWHERE = [
    "How do I fine-tune a proposer on my own data?",
    "Which graphics card does it need?",
    "What is the phone number of the support team?",
    "Can it translate a slide deck into Finnish?",
    "Who won the chess championship of 1995?",
    "What is the boiling point of mercury?",
    "How do I bake sourdough bread?",
    "How many people work at the company?",
]
"""Questions that no page answers; the first four could well be asked of such documentation."""


def check_places() -> None:
    """Stop where a page was changed and a question's heading is not there any more."""
    for question, places in QUESTIONS:
        for page, heading in places:
            lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
            if heading not in (line.lstrip("# ") for line in lines if line.startswith("#")):
                sys.exit(f"found no heading {heading!r} in docs/{page}, expected what answers {question!r}; mend it")


def place_of(passage: Mapping[str, Any]) -> tuple[str, str]:
    return passage["source"], passage["metadata"]["heading"]


def searched(ways: Sequence[Variant], question: str) -> list[tuple[str, str]]:
    """Return where the best passages stand, as one way of searching or several fused rank them."""
    ranked = {str(way): found_of(RETRIEVERS[way].invoke(question), question) for way in ways}
    return [place_of(passage) for passage in fuse(ranked, limit=max(SHOWN))]


RETRIEVERS = {way: DocsRetriever(variant=way, docs=DOCS, k=max(SHOWN)) for way in WAYS}


def search() -> Iterator[Sequence[str]]:
    yield "search", "passages", *(f"{kind}: {w}" for kind in KINDS for w in ("page", "heading", "MRR"))
    for name, ways in (*((way, (way,)) for way in WAYS), ("all four, fused", WAYS)):
        ranked = {kind: [(searched(ways, q), places) for q, places in KINDS[kind]] for kind in KINDS}
        for shown in SHOWN:
            figures = [figure for lists in ranked.values() for figure in hits(lists, shown)]
            yield name, str(shown), *figures


def hits(ranked: Sequence[tuple[Places, Places]], shown: int) -> tuple[str, str, str]:
    """Return how often the right page, and the right heading, is among the first few, and how early the latter."""
    pages = [any(page in dict(places) for page, _ in ranking[:shown]) for ranking, places in ranked]
    ranks = [rank_of(places, ranking[:shown]) for ranking, places in ranked]
    mean = sum(1 / rank for rank in ranks if rank) / len(ranks)
    return share(pages), share(rank > 0 for rank in ranks), f"{mean:.2f}"


def rank_of(places: Places, ranking: Places) -> int:
    """Return at which rank the first right passage stands, 0 for none."""
    return next((rank for rank, place in enumerate(ranking, 1) if place in places), 0)


def mixture(**options: Any) -> Any:
    """Build what `langgraph-moa ask --docs` runs on the offline models."""
    given = {"proposers": [f"offline:{way}" for way in WAYS], "aggregator": "offline:words", **options}
    retrievers = [Retriever(DocsRetriever(variant=way, docs=DOCS), name=way) for way in WAYS]
    return create_rag_moa(retrievers=retrievers, early_stop=None, **given)


def ask(moa: Any, question: str) -> Any:
    return moa.invoke({"messages": [{"role": "user", "content": question}]})


def answers() -> Iterator[Sequence[str]]:
    yield "layers", "questions", "cite the page", "the heading", "right citations", "say that nothing supports them"
    for layers in (2, 3):
        moa = mixture(layers=layers)
        for kind, questions in KINDS.items():
            states = [ask(moa, question) for question, _ in questions]
            cited = [(cited_places(state), places) for state, (_, places) in zip(states, questions, strict=True)]
            pages = share(any(page in dict(places) for page, _ in ranking) for ranking, places in cited)
            headings = share(any(place in places for place in ranking) for ranking, places in cited)
            name = f"{len(questions)} in {kind}"
            yield str(layers), name, pages, headings, validity(states), share(map(says_so, states))
        lost = [ask(moa, question) for question in NOWHERE]
        name = f"{len(NOWHERE)} that no page answers"
        yield str(layers), name, "-", "-", validity(lost), share(map(says_so, lost))


def cited_places(state: Any) -> list[tuple[str, str]]:
    """Return where the passages stand that an answer rightly cites."""
    passages = {passage["id"]: passage for passage in state["evidence"]}
    return [place_of(passages[citation["id"]]) for citation in state["citations"] if not citation["problem"]]


def validity(states: Sequence[Any]) -> str:
    checked = [citation["problem"] is None for state in states for citation in state["citations"]]
    return f"{sum(checked)} of {len(checked)}"


def says_so(state: Any) -> bool:
    return str(state["messages"][-1].text).endswith(UNSUPPORTED)


def planted() -> Iterator[Sequence[str]]:
    yield "wrong citations are to be", "planted", "told", "left in answers", "right ones told", "right ones left"
    for wish in ("report", "remove"):
        moa = mixture(aggregator=ScriptedModel(script=PLANTED), wrong_citations=wish)
        states = [ask(moa, question) for question, _ in QUESTIONS]
        reported = [c for state in states for c in state["citations"] if c["problem"]]
        wrong = [c for c in reported if c["id"] == "E99" or c["quote"]]
        remaining = [c for state in states for c in read_citations(state["messages"][-1].text, state["evidence"])]
        right = sum(c["problem"] is None for c in remaining)
        counts = (2 * len(states), len(wrong), len(remaining) - right, len(reported) - len(wrong), right)
        yield wish, *map(str, counts)


def missed() -> Iterator[Sequence[str]]:
    yield "question", "answered in", "found first"
    for question, places in QUESTIONS:
        ranked = searched(WAYS, question)
        if not rank_of(places, ranked):
            yield question, ": ".join(places[0]), ": ".join(ranked[0]) if ranked else "nothing"


def share(counted: Iterable[bool]) -> str:
    values = list(counted)
    return f"{100 * sum(values) / len(values):.0f} %"


def main() -> None:
    check_places()
    where = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    page = f"""# Evidence, measured

Written by `python benchmarks/rag.py` ({where}).

{len(QUESTIONS)} questions on these pages, each with the page and heading that answers it: {len(IN_OUR_TERMS)} are in
our own terms, {len(IN_OTHER_WORDS)} avoid them. Whoever wrote them had read the pages. No language model takes part.

## Where the right passage stands

Among the first 1, 3 or 8 passages; MRR is the mean reciprocal rank of the first one under the right heading.

{columns(list(search()))}

## In ten languages

Ten small handbooks in one folder, five questions about each (`benchmarks/questions/languages.toml`): in capitals,
without accents, with other particles, in scripts without spaces. How many find the one passage that answers first, and
among {AMONG}; and how many an offline model answers with it, alone. The distractors share words with the questions.

{columns(list(languages()))}

## What offline answers cite

They are quotes: one that is in its source is a right citation, and need not be the answer.

{columns(list(answers()))}

## Planted faults

A scripted aggregator writes one right citation and two wrong ones: a quote that is nowhere and an unknown id.

{columns(list(planted()))}

## Not among eight fused passages

{columns(list(missed()))}
"""
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
