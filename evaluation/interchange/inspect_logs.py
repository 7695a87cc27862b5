"""Read inspect_ai's logs without it: each sample is a record of what one model answered.

The form is not frozen: what is read here is what samples of version 2 have held since 0.3, and all else is passed over.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import ConfigError
from ...core.text import plain
from .lines_of_json import json_document, parsed_json
from .losses import Losses
from .values import JsonItem, as_json, shown_value
from .zips import Zip, opened_zip

KEPT_IN = "langgraph_moa"
"""In a sample's metadata: what of an item, and of a response, a log has no place of its own for."""
MARKS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""What inspect_ai's letters are worth: correct, partly, incorrect, no answer."""
_ATTACHED = "attachment://"


class Log(NamedTuple):
    """Be what a log says of itself."""

    task: str
    model: str
    status: str


def log_rows(path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the samples of a log, each with where it stands; one that was not run is a question.

    Args:
        path: The log, a zip of samples or one JSON file.
        losses: Where it is counted what a record cannot hold.

    Raises:
        ConfigError: It cannot be read, or is no log.
    """
    if path.suffix.lower() != ".eval":
        yield from document_rows(json_document(path), path, losses)
        return
    with opened_zip(path) as log:
        heading = _heading(log, path, losses)
        names = [name for name in log.names if name.startswith("samples/") and name.endswith(".json")]
        for name in sorted(names, key=_order(log)):
            where = f"in {name} of {path}"
            yield where, _record(parsed_json(log.member(name), where), heading, where, losses)


def document_rows(document: Any, path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the samples of a log that is one JSON value, as `log_rows` does.

    Raises:
        ConfigError: It is no log.
    """
    heading = _log(document, f"in {path}", losses)
    for number, sample in enumerate(document.get("samples") or [], 1):
        where = f"in sample {number:,} of {path}"
        yield where, _record(sample, heading, where, losses)


def is_log(document: Any) -> bool:
    """Tell a log from other JSON."""
    return isinstance(document, dict) and isinstance(document.get("eval"), dict)


def with_kept(item: JsonItem) -> JsonItem:
    """Return an item of a dataset with what its metadata keeps of it; as it is where that is nothing."""
    metadata = item.get("metadata")
    rest = metadata.get(KEPT_IN) if isinstance(metadata, dict) else None
    if not isinstance(rest, dict) or not isinstance(rest.get("item"), dict):
        return item
    others = {name: value for name, value in item["metadata"].items() if name != KEPT_IN}
    names = {"input": "question" if isinstance(item.get("input"), str) else "messages", "target": "gold"}
    wording = {
        names.get(name, name): value for name, value in item.items() if name != "metadata" and value not in ("", [])
    }
    return {**wording, **({"metadata": others} if others else {}), **rest["item"]}


def _heading(log: Zip, path: Path, losses: Losses) -> Log:
    name = next((name for name in ("header.json", "_journal/start.json") if name in log.names), None)
    if name is None:
        raise ConfigError(f"found no header.json in {path}, expected a log of inspect_ai; get the log again")
    return _log(
        parsed_json(log.member(name), f"in {name} of {path}"), f"in {path}", losses, begun=name != "header.json"
    )


def _log(document: Any, where: str, losses: Losses, *, begun: bool = False) -> Log:
    if not is_log(document):
        raise ConfigError(
            f"found no `eval` {where}, expected a log of inspect_ai; name the form that it has with --from"
        )
    about = document["eval"]
    status = "started" if begun else str(document.get("status") or "success")
    if status != "success":
        losses.add(f"a log of a run that did not end well ({status[:20]}) was read as far as it goes")
    return Log(str(about.get("task") or ""), plain(str(about.get("model") or "model")), status)


def _order(log: Zip) -> Any:
    """Return a key that sorts samples as their dataset does, and those that it does not list as they were written."""
    places = {name: n for n, name in enumerate(log.names)}
    listed: dict[str, int] = {}
    if "summaries.json" in log.names:
        summaries = parsed_json(log.member("summaries.json"), f"in summaries.json of {log.path}")
        for summary in summaries if isinstance(summaries, list) else []:
            if isinstance(summary, dict):
                listed.setdefault(str(summary.get("id")), len(listed))

    ids = {name: name.removeprefix("samples/").rpartition("_epoch_")[0] for name in log.names}
    is_listed = all(id_ in listed for name, id_ in ids.items() if name.startswith("samples/"))

    def key(name: str) -> tuple[int, int]:
        return listed[ids[name]] if is_listed else 0, places[name]

    return key


def _record(sample: Any, log: Log, where: str, losses: Losses) -> JsonItem:
    if not isinstance(sample, dict) or "input" not in sample or "id" not in sample:
        raise ConfigError(
            f"found {shown_value(sample)} {where}, expected a sample with `id` and `input`; get the log again"
        )
    sample = as_json(sample, losses)
    metadata = sample.get("metadata") or {}
    rest = metadata.get(KEPT_IN) if isinstance(metadata, dict) else None
    rest = rest if isinstance(rest, dict) else None
    wording = _with_attachments(sample["input"], sample.get("attachments") or {})
    item: JsonItem = {"id": sample["id"]}
    if wording not in ("", []):
        item["question" if isinstance(wording, str) else "messages"] = (
            wording if isinstance(wording, str) else _chat(wording)
        )
    if sample.get("choices"):
        item["choices"] = sample["choices"]
    if sample.get("target") not in (None, "", []):
        item["gold"] = sample["target"]
    if others := {name: value for name, value in metadata.items() if name != KEPT_IN}:
        item["metadata"] = others
    item.update((rest or {}).get("item") or {})
    if responses := _responses_in(sample, log, rest):
        item["responses"] = responses
    if lost := [name for name in ("store", "sandbox", "files", "setup") if sample.get(name)]:
        losses.add(f"what a sample keeps as {', '.join(lost)} is in no record, and was left out")
    return item


def _responses_in(sample: Mapping[str, Any], log: Log, rest: Mapping[str, Any] | None) -> JsonItem:
    """Return the answer of a sample, by the model's name; one that was written here is as it was."""
    if not (sample.get("output") or sample.get("error")) or (rest is not None and "name" not in rest):
        return {}
    logged = _response(sample, log)
    if rest is None:
        epoch = sample.get("epoch") or 1
        name = str(logged["model"]) if log.model.partition("/")[0] == "none" else log.model
        return {name: logged} if epoch == 1 else {f"{name} #{epoch}": {**logged, "sample": epoch}}
    text = (sample.get("output") or {}).get("completion") or ""
    name, written = str(rest["name"]), rest.get("response")
    if rest.get("is_text"):
        return {name: text}
    if not isinstance(written, dict):
        return {name: written}
    graded = {} if written.keys() & {"score", "answer"} else {k: logged[k] for k in ("score", "answer") if k in logged}
    return {name: {**({"text": text} if text else {}), **graded, **written}}


def _response(sample: Mapping[str, Any], log: Log) -> JsonItem:
    output = sample.get("output") or {}
    text = output.get("completion") or _text_of(output)
    usages = [usage for usage in (sample.get("model_usage") or {}).values() if isinstance(usage, dict)]
    costs = [usage.get("total_cost") for usage in usages]
    response: JsonItem = {"text": text or None, "model": output.get("model") or log.model}
    scores = sample.get("scores") or {}
    score = next(iter(scores.values()), None) if isinstance(scores, dict) else None
    if isinstance(score, dict):
        short = score.get("answer")
        if isinstance(short, str) and short.strip() and short.strip() != str(text).strip():
            response["answer"] = short
        if (worth := _worth(score.get("value"))) is not None:
            response["score"] = worth
        if len(scores) > 1 or worth is None:
            response["scores"] = {name: one.get("value") for name, one in scores.items() if isinstance(one, dict)}
    if usages:
        response["tokens"] = sum(int(usage.get("total_tokens") or 0) for usage in usages)
    if costs and all(isinstance(cost, int | float) for cost in costs):
        response["usd"] = sum(costs)
    if isinstance(sample.get("total_time"), int | float):
        response["seconds"] = sample["total_time"]
    if isinstance(sample.get("error"), dict):
        response["error"] = str(sample["error"].get("message") or "")
    return response


def _worth(value: Any) -> float | None:
    if isinstance(value, str):
        return MARKS.get(value)
    return None if isinstance(value, list | dict | None) else float(value)


def _text_of(output: Mapping[str, Any]) -> str:
    choices = output.get("choices") or [{}]
    content = (choices[0].get("message") or {}).get("content") or ""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    return "\n".join(
        str(part.get("text") or "") for part in parts if isinstance(part, dict) and part.get("type") == "text"
    )


def _chat(wording: Any) -> list[Any]:
    """Return a sample's messages as roles and contents, and what of each is not as all are."""
    return [
        {name: value for name, value in message.items() if name not in ("id", "source") and value is not None}
        if isinstance(message, dict)
        else message
        for message in (wording if isinstance(wording, list) else [wording])
    ]


def _with_attachments(value: Any, attachments: Mapping[str, Any]) -> Any:
    """Return a sample's input with what stands apart in its place again."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return attachments.get(value.removeprefix(_ATTACHED), value)
    if isinstance(value, dict):
        return {name: _with_attachments(part, attachments) for name, part in value.items()}
    return [_with_attachments(part, attachments) for part in value] if isinstance(value, list) else value
