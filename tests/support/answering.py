"""Mixtures that answer many questions."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import abatch, create_moa, resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback

ASKED = [f"Question {n}?" for n in range(5)]


def model(script: Any, name: str = "model") -> ScriptedModel:
    return ScriptedModel(script=script, name_of_model=name)


def alone(script: Any = "an answer") -> Any:
    return create_moa(proposers=[model(script)], layers=1)


def panel(first: Any = "a", second: Any = "b", last: Any = "the answer", **options: Any) -> Any:
    proposers = [model(first, "first"), model(second, "second")]
    return create_moa(proposers=proposers, aggregator=model(last, "last"), early_stop=None, **options)


def rows_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def bytes_of(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b"not there"


def on(server: Loopback, saver: Any = None) -> Any:
    resolve = partial(resolve_model, base_url=server.url)
    options: dict[str, Any] = {"proposers": ["a", "b"], "aggregator": "last", "early_stop": None}
    return create_moa(**options, resolve=resolve, checkpointer=saver)


async def broken_off(moa: Any, out: Path, is_so: Callable[[], Any]) -> None:
    """Cancel a batch as soon as something is so."""
    batch = asyncio.create_task(abatch(moa, ASKED[:1], out))
    async with asyncio.timeout(60):
        while True:
            if is_so():
                break
            await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
