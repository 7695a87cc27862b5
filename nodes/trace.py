"""Say in LangSmith what only a node's end knows: status, agreement, why the run stopped, what it came to."""

import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.langchain import LangChainTracer
from langsmith.run_trees import RunTree

from ..core.state import Proposal, Report, Verdict

_log = logging.getLogger(__name__)
Told = dict[str, Any]
FEEDBACK = "langgraph-moa-feedback"
"""The name of the threads that send it."""


def record(update: object, config: RunnableConfig, *, feedback: bool = False) -> None:
    """Add metadata to the traced runs of a node and of its graph; nothing is traced where nobody traces.

    No text of a question or an answer is among it. The graph's run gets the tokens of the whole mixture, which
    LangSmith's client does not add up.

    Args:
        update: What the node returned.
        config: The node's.
        feedback: Whether to send what the run came to as feedback, too.
    """
    traced = list(_traced(config))
    if not traced or not isinstance(update, Mapping):
        return
    proposals, verdicts, run = update.get("proposals"), update.get("verdicts"), update.get("run")
    done = run if run and run["stopped"] != "running" else None
    told = _of_proposal(proposals[0]) if proposals else _of_verdict(verdicts[0]) if verdicts else {}
    if done and done["aggregators"]:
        told |= {"moa_status": done["aggregators"][-1]["status"]}
    for tracer, node in traced:
        _add(node, told)
        if (whole := tracer.run_map.get(str(node.parent_run_id))) is None:
            continue
        if verdicts and (agreed := verdicts[0]["agreement"]):
            _add(whole, {"moa_agreement": agreed["score"]})
        if done:
            _add(whole, _of_report(done) | {"usage_metadata": done["usage"]})
            if feedback:
                _send_feedback(tracer, whole, done)


def _of_proposal(proposal: Proposal) -> Told:
    keys = ("status", "model", "served_model", "finish_reason", "usd", "seconds", "waited", "retries", "cached")
    return {f"moa_{key}": proposal[key] for key in keys}  # type: ignore[literal-required]


def _of_verdict(verdict: Verdict) -> Told:
    agreed = verdict["agreement"]
    told: Told = {"moa_usable": verdict["usable"], "moa_asked": verdict["asked"], "moa_next": verdict["next"]}
    return told | ({"moa_agreement": agreed["score"], "moa_groups": agreed["groups"]} if agreed else {})


def _of_report(run: Report) -> Told:
    keys = ("stopped", "calls", "saved", "usd", "seconds", "truncated")
    told = {f"moa_{key}": run[key] for key in keys}  # type: ignore[literal-required]
    return told | {"moa_layers_run": run["layers"], "moa_degraded": run["degraded"] is not None}


def _traced(config: RunnableConfig) -> Iterator[tuple[LangChainTracer, RunTree]]:
    """Find the traced run of the node whose config this is, in each tracer."""
    manager = config.get("callbacks")
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, LangChainTracer):
            node = handler.run_map.get(str(getattr(manager, "parent_run_id", None)))
            if node is not None:
                yield handler, node


def _add(run: RunTree, told: Told) -> None:
    run.extra.setdefault("metadata", {}).update(told)


def _send_feedback(tracer: LangChainTracer, run: RunTree, report: Report) -> None:
    """Send it from a thread of its own: LangSmith's client looks the project up, and may not reach it."""
    scores: dict[str, float] = {"degraded": float(report["degraded"] is not None)}
    agreement = run.extra["metadata"].get("moa_agreement")
    if agreement is not None:
        scores["agreement"] = agreement

    def send() -> None:
        client = tracer.client
        try:
            client.flush()
            project = client.read_project(project_name=run.session_name).id
            for key, score in scores.items():
                client.create_feedback(run.id, key, score=score, trace_id=run.trace_id, session_id=project)
        except Exception as exc:  # noqa: BLE001 - whatever LangSmith is missing, the answer is there
            _log.warning("the feedback did not reach LangSmith: %s", type(exc).__name__)

    threading.Thread(target=send, name=FEEDBACK, daemon=True).start()
