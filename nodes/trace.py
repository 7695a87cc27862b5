"""Say in LangSmith what only a node's end knows: status, agreement, why the run stopped, what it came to."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.langchain import LangChainTracer
from langsmith.run_trees import RunTree

from ..core.run.cited import Citation
from ..core.run.records import Agreed, Proposal, Report, Verdict
from ..core.run.report import make_report
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .rules import Rules

_log = logging.getLogger(__name__)
Metadata = dict[str, Any]
FEEDBACK = "langgraph-moa-feedback"
"""The name of the threads that send it."""
_PATIENCE = 30.0
"""Seconds that a run's trace may take to arrive before its feedback is sent."""
_AT_ONCE = 16
_SENDING = threading.BoundedSemaphore(_AT_ONCE)


def record(update: object, state: MoAState, config: RunnableConfig, rules: Rules | None) -> None:
    """Add metadata to the traced runs of a node and of its graph; nothing is said where nobody traces.

    No text of a question or an answer is among it. The graph's run gets the tokens of the whole mixture, which
    LangSmith's client does not add up.

    Args:
        update: What the node returned.
        state: What it was given.
        config: The node's.
        rules: What its mixture keeps to; edges have none, and are not told about.
    """
    traced = list(_traced(config))
    if not traced or rules is None or not isinstance(update, Mapping):
        return
    proposals, verdicts, run = update.get("proposals"), update.get("verdicts", []), update.get("run")
    metadata = _of_proposals(proposals) if proposals else _of_verdict(verdicts[0]) if verdicts else {}
    done = run if run and run["stopped"] != "running" else None
    if "citations" in update:
        metadata |= _of_citations(update["citations"])
    if done and done["aggregators"]:
        metadata |= {"moa_status": done["aggregators"][-1]["status"]}
    agreed = _agreement([*state.get("verdicts", []), *verdicts], turn=run["turn"]) if run else {}
    for tracer, node, whole in traced:
        _add(node, metadata)
        if whole is not None and run:
            _add(whole, {**rules.shape, **_of_report(run), **agreed})
            if done and rules.feedback and (not rules.retrieves or "citations" in update):
                _send_feedback(tracer, whole, done, agreed.get("moa_agreement"))


def record_failure(state: MoAState, config: RunnableConfig, rules: Rules | None) -> None:
    """Say on the graph's run what one has cost that ends without an answer."""
    traced = [whole for _, _, whole in _traced(config) if whole is not None]
    if traced and rules is not None:
        turn = Turn.of(state)
        so_far = make_report(turn.proposals(), [], turn=turn.id, mixture=rules.mixture)
        for whole in traced:
            _add(whole, {**rules.shape, **_of_report(so_far), "moa_stopped": "failed", "moa_degraded": True})


def _of_proposals(proposals: Sequence[Proposal]) -> Metadata:
    """Tell of a node's first proposal, and how all of them ended where it has several samples."""
    several = {"moa_statuses": [p["status"] for p in proposals]} if len(proposals) > 1 else {}
    return _of_proposal(proposals[0]) | several


def _of_proposal(proposal: Proposal) -> Metadata:
    keys = ("status", "model", "served_model", "finish_reason", "usd", "seconds", "waited", "retries", "cached")
    return {f"moa_{key}": proposal[key] for key in keys}  # type: ignore[literal-required]


def _of_verdict(verdict: Verdict) -> Metadata:
    agreed = verdict["agreement"]
    metadata: Metadata = {"moa_usable": verdict["usable"], "moa_asked": verdict["asked"], "moa_next": verdict["next"]}
    if moderation := verdict.get("moderation"):
        metadata |= {"moa_kept": moderation["kept"], "moa_moderator_stops": moderation["stop"]}
    if confidence := verdict.get("confidence"):
        metadata |= {"moa_confidence": confidence["probability"], "moa_confidence_by": confidence["measure"]}
    if escalated := verdict.get("escalated"):
        metadata |= {"moa_escalated": escalated}
    if screening := verdict.get("screening"):
        metadata |= {"moa_screened": screening["removed"]}
    return metadata | _score(agreed) | ({"moa_groups": agreed["groups"]} if agreed and agreed["groups"] else {})


def _of_citations(citations: Sequence[Citation]) -> Metadata:
    unread = sum(citation["unread"] for citation in citations)
    wrong = sum(citation["problem"] is not None for citation in citations) - unread
    return {"moa_citations": len(citations), "moa_wrong_citations": wrong, "moa_unread_citations": unread}


def _of_report(run: Report) -> Metadata:
    keys = ("stopped", "calls", "saved", "usd", "seconds", "truncated")
    metadata = {f"moa_{key}": run[key] for key in keys}  # type: ignore[literal-required]
    degraded = run["degraded"] is not None
    if panel := run.get("panel"):
        metadata |= {"moa_call": panel["call"], "moa_proposed_in": panel["proposed_in"]}
    return metadata | {"moa_layers_run": run["layers"], "moa_degraded": degraded, "usage_metadata": run["usage"]}


def _agreement(verdicts: Sequence[Verdict], *, turn: str) -> Metadata:
    """Return the first layer's agreement; that of later layers is no evidence, for they have seen one another."""
    first = [v for v in verdicts if v["turn"] == turn and v["layer"] == 1 and v["agreement"]]
    return _score(first[-1]["agreement"]) if first else {}


def _score(agreed: Agreed | None) -> Metadata:
    return {"moa_agreement": agreed["score"]} if agreed and not agreed["abstained"] else {}


def _traced(config: RunnableConfig) -> Iterator[tuple[LangChainTracer, RunTree, RunTree | None]]:
    """Find the traced run of the node whose config this is, and its graph's, in each tracer."""
    manager = config.get("callbacks")
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, LangChainTracer):
            node = handler.run_map.get(str(getattr(manager, "parent_run_id", None)))
            if node is not None:
                yield handler, node, handler.run_map.get(str(node.parent_run_id))


def _add(run: RunTree, metadata: Metadata) -> None:
    run.extra.setdefault("metadata", {}).update(metadata)


def _send_feedback(tracer: LangChainTracer, run: RunTree, report: Report, agreement: float | None) -> None:
    """Send it from a thread of its own: LangSmith's client looks the project up, and may not reach it."""
    scores: dict[str, float] = {"degraded": float(report["degraded"] is not None)}
    if agreement is not None:
        scores["agreement"] = agreement

    def send() -> None:
        client = tracer.client
        try:
            client.flush(timeout=_PATIENCE)
            project = client.read_project(project_name=run.session_name).id
            for key, score in scores.items():
                client.create_feedback(run.id, key, score=score, trace_id=run.trace_id, session_id=project)
        except Exception as exc:  # noqa: BLE001 - whatever LangSmith is missing, the answer is there
            _log.warning("the feedback did not reach LangSmith: %s", type(exc).__name__)
        finally:
            _SENDING.release()

    if _SENDING.acquire(blocking=False):
        threading.Thread(target=send, name=FEEDBACK, daemon=True).start()
    else:
        _log.warning("the feedback was not sent: LangSmith has not yet taken that of %d other runs", _AT_ONCE)
