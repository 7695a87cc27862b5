"""Write down what a run carries, as far as a test looks at it."""

from typing import Any


def a_proposal(text: str = "x", proposer: str = "a", **more: Any) -> Any:
    """Return a whole proposal of the first layer, by a model of the proposer's own name that cost nothing."""
    call = {"status": "ok", "model": proposer, "served_model": None, "endpoint": None, "finish_reason": "stop"}
    call["reasoning"] = None
    call["transport"] = None
    cost = {"usage": None, "at_most": None, "calls": 1, "retries": None, "cached": False, "usd": 0.0}
    time = {"started": 1.0, "waited": 0.0, "seconds": 1.0, "tried_s": 0.0}
    rest = {"windows": 1, "references_cut": 0, "obstacle": None, "error": None, "reviewed": None}
    facts: dict[str, Any] = {"left_out": [], "cut": None, "carried": False, "unread": False, "name": proposer}
    place = {"turn": "t", "layer": 1, "position": 0, "sample": 1}
    return {**call, **cost, **time, **rest, **facts, **place, "proposer": proposer, "text": text, **more}


def a_verdict(layer: int = 1, **more: Any) -> Any:
    """Return what a gate concluded that sends its layer on to the next one."""
    counts = {"asked": 2, "usable": 2, "saved": 0}
    rest = {"agreement": None, "moderation": None, "screening": None, "reason": "", "budget": None}
    return {"turn": "t", "layer": layer, "wave": 1, "source": layer, "next": "aggregate", **counts, **rest, **more}


def usage(read: int, written: int) -> Any:
    """Return what a server counted."""
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
