"""A retriever: evidence is proposed as answers are, in parallel, and what fails costs its own."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp

from ...core.clock import unix_time
from ...core.deferral import once
from ...core.evidence.passages import found_of
from ...core.evidence.searchers import Searcher
from ...core.functions import is_cancelled
from ...core.models.prices import FREE_OF_CHARGE
from ...core.run.cited import Found
from ...core.run.records import RETRIEVAL, REWRITING, USABLE, Retrieved, Status
from ...core.run.report import make_report
from ...core.run.state import MoAState
from ...core.run.turn import Turn, check_thread
from ...core.text import one_line, plain, redact
from ..calls.call import unstreamed, without_context
from ..calls.outcome import call_of, said
from ..node import Node, Update, emit
from ..rules import Rules

if TYPE_CHECKING:
    from langchain_core.documents import Document

QUERIES = 3
"""Into how many queries a question is rewritten at most; it is looked for itself, too."""
_LISTED = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def make_retriever(searcher: Searcher, *, together: Sequence[Searcher], opens: bool, rules: Rules) -> Node[Update]:
    """Make the node of one retriever.

    It never fails for its retriever's failure: what went wrong is the status of its proposal, whose layer is 0.

    Args:
        searcher: What to ask.
        together: All retrievers; the first one tells of the start.
        opens: Whether the run begins here.
        rules: What the mixture keeps to.

    Raises:
        InputError: (when run) Another mixture began this run.
    """

    async def retrieve(state: MoAState, config: RunnableConfig) -> Update:
        turn, first = Turn.of(state), searcher is together[0]
        if opens:
            check_thread(config, needed=rules.review)
            rules.check_read(turn.messages)
        else:
            turn.check_begun(rules.mixture)
        if first:
            emit("layer", layer=RETRIEVAL, proposers=[other.name for other in together])
        before = turn.left_behind(RETRIEVAL).get((searcher.position, 1))
        answered = before if before and before["status"] in USABLE | {"empty"} else None
        proposal = answered or await _search_once(searcher, turn, config, rules)
        emit("proposal", **proposal)
        # Writing again what was answered would make void what was built on it.
        update: Update = {} if answered else {"proposals": turn.with_later([proposal])}
        if first and opens:  # a turn that fails must not be left with the report of the one before
            update["run"] = make_report([proposal], [], turn=turn.id, mixture=rules.mixture)
        return update

    return Node(retrieve, rules=rules)


async def _search_once(searcher: Searcher, turn: Turn, config: RunnableConfig, rules: Rules) -> Retrieved:
    return await once(
        f"evidence {searcher.position} {turn.id}",
        partial(_search, searcher, turn, config, rules),
        write=lambda retrieved: json.dumps(retrieved).encode(),
        read=lambda written: cast("Retrieved", json.loads(written)),
    )


async def _search(searcher: Searcher, turn: Turn, config: RunnableConfig, rules: Rules) -> Retrieved:
    """Ask for all queries at once, and say what came of it."""
    started, clock = unix_time(), time.perf_counter()
    status: Status = "ok"
    error: str | None = None
    about: RunnableConfig = {**unstreamed(without_context(config)), "run_name": searcher.name}
    results = await _ask_all(searcher, queries_of(turn), about, seconds=_seconds(searcher, turn, rules))
    failed = [result for result in results if isinstance(result, Exception)]
    passages = [passage for result in results if isinstance(result, list) for passage in result]
    if len(failed) == len(results):
        status = "timeout" if all(isinstance(exc, TimeoutError) for exc in failed) else "error"
        error = _in_one_line(failed[0])
    elif failed:
        error = f"{len(failed)} of {len(results)} queries failed: {_in_one_line(failed[0])}"
    elif not passages:
        status, error = "empty", "nothing was found"
    seconds = round(time.perf_counter() - clock, 3)
    return Retrieved(
        **call_of(searcher.name, status=status, **FREE_OF_CHARGE, started=started, seconds=seconds, error=error),
        turn=turn.id,
        layer=RETRIEVAL,
        name=searcher.name,
        proposer=searcher.name,
        position=searcher.position,
        sample=1,
        text="\n".join(dict.fromkeys(passage["source"] for passage in passages)),
        reviewed=None,
        found=passages,
        passed_over=_passed_over(searcher),
    )


def _passed_over(searcher: Searcher) -> list[str]:
    """Return what a retriever of documents tells of those that it could not read in whole."""
    sentences: Any = getattr(searcher.source, "unread", ())
    is_told = isinstance(sentences, list | tuple) and all(isinstance(sentence, str) for sentence in sentences)
    return [one_line(plain(sentence)) for sentence in sentences] if is_told else []


class _Late(TimeoutError):
    """Tell that a query had no answer when the time was up."""


async def _ask_all(
    searcher: Searcher, queries: Sequence[str], config: RunnableConfig, *, seconds: float | None
) -> list[list[Found] | Exception]:
    """Ask for all queries at once; what one of them comes to costs no other, and none goes on after this."""
    tasks = [asyncio.create_task(_try(searcher, query, config)) for query in queries]
    try:
        await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    late = _Late(f"nothing came within {seconds or 0:.1f} s")
    return [late if task.cancelled() else task.result() for task in tasks]


async def _try(searcher: Searcher, query: str, config: RunnableConfig) -> list[Found] | Exception:
    """Ask for one query; what fails is returned, for whoever knows how many did."""
    try:
        reply = await searcher.source.ainvoke(query, config)
        return found_of(_read(reply)[: searcher.k], query, source=searcher.name)
    except GraphBubbleUp:
        raise
    except asyncio.CancelledError as exc:
        if is_cancelled():
            raise
        return RuntimeError(f"{type(exc).__name__}: what it waited for was cancelled")
    except Exception as exc:  # noqa: BLE001 - whatever a retriever raises costs its own evidence only
        return exc


def _in_one_line(exc: Exception) -> str:
    kind = "" if isinstance(exc, _Late) else f"{type(exc).__name__}: "
    return one_line(redact(f"{kind}{said(exc)}"))


def _seconds(searcher: Searcher, turn: Turn, rules: Rules) -> float | None:
    """Return how long it may take: of what the budget leaves, half is for those who answer."""
    earlier = [p for p in turn.proposals() if p["layer"] < RETRIEVAL]
    budgeted = rules.seconds_left(earlier)
    limits = [searcher.timeout, None if budgeted is None else budgeted / 2]
    return min((seconds for seconds in limits if seconds is not None), default=None)


def queries_of(turn: Turn) -> list[str]:
    """Return what to look for: the question, and what it was rewritten to."""
    lines = (_LISTED.sub("", line).strip() for p in turn.usable(REWRITING) for line in p["text"].splitlines())
    return list(dict.fromkeys([turn.question, *filter(None, lines)]))[: 1 + QUERIES]


def _read(reply: Any) -> "list[Document]":
    from langchain_core.documents import Document

    if isinstance(reply, str) or not isinstance(reply, Sequence):
        raise TypeError(f"found {type(reply).__name__}, expected a list of documents")
    documents = [Document(plain(one)) if isinstance(one, str) else one for one in reply]
    if not all(isinstance(one, Document) for one in documents):
        kinds = dict.fromkeys(type(one).__name__ for one in documents)
        raise TypeError(f"found a list of {' and '.join(kinds)}, expected a list of documents")
    return documents
