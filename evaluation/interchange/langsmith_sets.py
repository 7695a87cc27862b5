"""Datasets of LangSmith: its exported examples, and datasets that are asked for by name."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ...core.errors import ConfigError
from ...core.text import one_line, redact
from .losses import Losses
from .spool import Spool
from .values import JsonItem, as_json

_BESIDE = "langgraph_moa"
"""In an example's metadata: what of an item an example has no place of its own for."""
_INPUTS = ("question", "messages", "later", "input", "prompt", "query")
_RIGHT = ("gold", "answer", "output", "expected", "reference")
_PATIENCE_MS = (5_000, 60_000)
_AT_ONCE = 100
"""Examples of one request."""


def is_example(item: Mapping[str, Any]) -> bool:
    """Tell an exported example from other objects: it has `inputs` and `outputs`, or columns that begin so."""
    if isinstance(item.get("inputs"), dict) and not any(item.get(name) for name in ("question", "messages")):
        return True
    return any(name.startswith("inputs.") for name in item)


def unpacked_example(item: JsonItem, losses: Losses) -> JsonItem:
    """Return the item that an example is of: its inputs say what is asked, its outputs what is right.

    Args:
        item: The example.
        losses: Where it is counted what was changed.
    """
    inputs, outputs = _part(item, "inputs"), _part(item, "outputs", "reference_outputs")
    metadata = dict(item["metadata"]) if isinstance(item.get("metadata"), dict) else {}
    beside = metadata.pop(_BESIDE, None)
    wording = {name: value for name, value in inputs.items() if name in ("id", *_INPUTS[:3])}
    if not wording.keys() & {"question", "messages"} and (name := _one_of(inputs, _INPUTS)):
        wording["question"] = inputs[name]
    if not wording.get("later"):
        wording.pop("later", None)
    right = _one_of(outputs, _RIGHT)
    whole: JsonItem = {"id": wording.pop("id", None) or item.get("id"), **wording}
    if right:
        whole["gold"] = outputs[right]
        if right != "gold":
            losses.add(f"`{right}` of a LangSmith example's outputs became `gold`")
    elif outputs:
        losses.add("outputs of several names were left as `outputs`: --map gold=outputs.NAME says which is right")
    if inputs.keys() - {"id", "question", "messages", "later"}:
        whole["inputs"] = inputs
    if outputs.keys() - {"gold"}:
        whole["outputs"] = outputs
    if metadata:
        whole["metadata"] = metadata
    taken = ("id", "inputs", "outputs", "reference_outputs", "metadata")
    whole |= {k: v for k, v in item.items() if k not in taken and not k.startswith(("inputs.", "outputs.")) and v}
    return {**whole, **beside} if isinstance(beside, dict) else whole


def example_of(item: JsonItem, name: str, number: int) -> JsonItem:
    """Return an item as an example: what is asked as inputs, gold as outputs, all else in its metadata.

    Args:
        item: The item.
        name: The dataset's, of which the example's id is made.
        number: Its place.
    """
    inputs = {key: item[key] for key in ("id", "question", "messages", "later") if item.get(key) is not None}
    metadata = item.get("metadata")
    beside = {
        key: value for key, value in item.items() if key not in (*inputs, "gold", "metadata") and value is not None
    }
    if not isinstance(metadata, dict):
        beside |= {} if metadata is None else {"metadata": metadata}
        metadata = {}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{name}/{item.get('id') or number}")),
        "inputs": inputs,
        "outputs": {} if item.get("gold") is None else {"gold": item["gold"]},
        "metadata": {**metadata, **({_BESIDE: beside} if beside else {})},
    }


def asked_examples(name: str, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through a dataset that LangSmith holds, each example with where it stands.

    Args:
        name: The dataset's.
        split: Which of its splits; all where not given.
        losses: Where it is counted what was changed.

    Raises:
        ConfigError: LangSmith does not give it.
    """
    client = _client()
    splits = None if split is None else [split]
    try:
        for number, example in enumerate(client.list_examples(dataset_name=name, splits=splits), 1):
            held = {"id": str(example.id), "inputs": example.inputs, "outputs": example.outputs}
            item = as_json({**held, "metadata": example.metadata or {}}, losses)
            item["metadata"].pop("dataset_split", None)
            yield f"in example {number:,} of LangSmith's dataset {name}", item
    except ConfigError:
        raise
    except Exception as exc:
        raise _refused(f"LangSmith does not give the dataset {name}", exc) from exc


def publish_examples(spool: Spool, name: str) -> None:
    """Make a dataset at LangSmith, and its examples.

    Args:
        spool: The items.
        name: The dataset's; it must not be there yet.

    Raises:
        ConfigError: It is there already, or LangSmith does not take it.
    """
    from langsmith.schemas import ExampleCreate

    right = "reference_outputs" if "reference_outputs" in ExampleCreate.model_fields else "outputs"
    client = _client()
    try:
        if client.has_dataset(dataset_name=name):
            raise ConfigError(f"found the dataset {name} at LangSmith already, expected a new name; name another")
        dataset = client.create_dataset(name, description="Written by langgraph-moa convert.")
        part: list[dict[str, Any]] = []
        for number, item in enumerate(spool, 1):
            example = example_of(item, name, number)
            part.append({**example, right: example["outputs"]} if right == "outputs" else _renamed(example, right))
            if len(part) == _AT_ONCE or number == spool.size:
                client.create_examples(dataset_id=dataset.id, examples=part)
                part = []
    except ConfigError:
        raise
    except Exception as exc:
        raise _refused(f"LangSmith does not take the dataset {name}", exc) from exc


def _renamed(example: JsonItem, right: str) -> JsonItem:
    return {(right if name == "outputs" else name): value for name, value in example.items()}


def _client() -> Any:
    from langsmith import Client
    from urllib3 import Retry

    return Client(timeout_ms=_PATIENCE_MS, retry_config=Retry(1))


def _refused(what: str, exc: Exception) -> ConfigError:
    why = one_line(redact(f"{type(exc).__name__}: {exc}"), limit=160)
    return ConfigError(f"{what}: {why}; look at LANGSMITH_API_KEY, LANGSMITH_ENDPOINT and the name")


def _part(item: JsonItem, *names: str) -> dict[str, Any]:
    """Return what an example holds under a name, as one object or as columns that begin with it."""
    whole: JsonItem = next((item[name] for name in names if isinstance(item.get(name), dict)), {})
    columns = {
        key.partition(".")[2]: value for key, value in item.items() if key.partition(".")[0] in names and "." in key
    }
    return {**whole, **columns}


def _one_of(part: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the name of what is meant: one that is usual, or the only one."""
    named = [name for name in names if part.get(name) is not None]
    return named[0] if named else next(iter(part)) if len(part) == 1 else None
