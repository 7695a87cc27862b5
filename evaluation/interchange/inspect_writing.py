"""Write logs of inspect_ai, a log a model, and the datasets that its tasks read."""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from ...core.errors import ConfigError
from .inspect_logs import KEPT_IN, MARKS
from .losses import Losses
from .naming import texts_of_choices, without_choices
from .spool import Spool
from .values import JsonItem

_WHEN = "1970-01-01T00:00:00+00:00"
"""Of logs that were never run: nobody knows when."""
_LONGEST = 200
"""Characters of an id that a member of the zip is called by."""
_SAMPLE = ("id", "question", "messages", "choices", "gold", "metadata", "responses")


def dataset_items(spool: Spool, losses: Losses) -> Iterator[JsonItem]:
    """Go through items as inspect_ai's `json_dataset` reads them.

    Args:
        spool: The items; answers and all else stand in each one's metadata.
        losses: Where it is counted what a dataset cannot hold.
    """
    for item in spool:
        sample = _asked(item, losses)
        others = {name: value for name, value in item.items() if name not in _SAMPLE or name == "responses"}
        metadata = {**_as_dict(item.get("metadata")), **({KEPT_IN: {"item": others}} if others else {})}
        yield {**sample, **({"metadata": metadata} if metadata else {})}


def answering_models(items: Iterable[JsonItem]) -> dict[str, None]:
    """Return whose answers there are, samples of one model as one, in the order in which they come."""
    return {_named(name, response)[0]: None for item in items for name, response in _responses(item).items()}


def write_log(spool: Spool, path: Path, losses: Losses, *, model: str | None = None) -> None:
    """Write the log of one model, as a zip or, where the name ends in `.json`, as JSON.

    Args:
        spool: Records, rows or questions.
        path: The file.
        losses: Where it is counted what a log cannot hold.
        model: Whose answers; those of the only one where not given.

    Raises:
        ConfigError: There are several models.
        OSError: It cannot be written.
    """
    models = list(answering_models(spool))
    if model is None and len(models) > 1:
        raise ConfigError(
            f"found answers of {len(models)} models for one log, {', '.join(models[:4])}, expected one a log; name a "
            "folder as OUT, with --to inspect"
        )
    model = model or next(iter(models), "none")
    head = _head(path, model, [_asked(item, Losses())["id"] for item in spool], _epochs(spool, model))
    if path.name.lower().endswith(".json"):
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "samples": [')
            for number, sample in enumerate(_samples(spool, model, losses)):
                file.write(("," if number else "") + "\n" + json.dumps(sample, ensure_ascii=False))
            file.write("\n]}\n")
        return
    with path.open("xb") as raw, ZipFile(raw, "w", ZIP_DEFLATED) as log:
        log.writestr("_journal/start.json", json.dumps({name: head[name] for name in ("version", "eval", "plan")}))
        summaries, names = [], set[str]()
        for number, sample in enumerate(_samples(spool, model, losses), 1):
            id_ = str(sample["id"])
            name = f"{id_}_epoch_{sample['epoch']}"
            if name in names or not id_.isprintable() or len(id_) > _LONGEST:  # a zip's names are not any text
                name = f"sample {number}_epoch_{sample['epoch']}"
            names.add(name)
            log.writestr(f"samples/{name}.json", json.dumps(sample, ensure_ascii=False))
            summaries.append({key: sample[key] for key in ("id", "epoch", "target", "scores")} | {"input": ""})
        log.writestr("summaries.json", json.dumps(summaries, ensure_ascii=False))
        log.writestr("header.json", json.dumps(head, ensure_ascii=False))


def write_logs(spool: Spool, folder: Path, losses: Losses) -> None:
    """Write a log a model to a folder.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir()
    for number, model in enumerate(answering_models(spool), 1):
        name = "".join(char if char.isalnum() or char in ".-" else "-" for char in model)[:80]
        write_log(spool, folder / f"{number:02}-{name}.eval", losses, model=model)


def _samples(spool: Spool, model: str, losses: Losses) -> Iterator[JsonItem]:
    for item in spool:
        responses = [
            (name, response) for name, response in _responses(item).items() if _named(name, response)[0] == model
        ]
        for name, response in responses or [("", None)]:
            yield _sample(item, name, response, losses)


def _sample(item: JsonItem, name: str, response: Any, losses: Losses) -> JsonItem:
    model, epoch = _named(name, response)
    answer = response if isinstance(response, dict) else {"text": None if response is None else str(response)}
    served = str(answer.get("model") or model or "none")
    written = answer.get("text")
    text = written if isinstance(written, str) else ""
    wording = _asked(item, losses)
    rest: JsonItem = {"item": _rest(item, wording)}
    if name and not _is_row(item):
        rest |= {"name": name, **({"is_text": True} if isinstance(response, str) else {"response": _other(response)})}
    sample = {
        **wording,
        "epoch": epoch,
        "messages": [],
        "output": {"model": served, "choices": _choices(text, served), "completion": text} if name else {},
        "scores": {"score": _score(answer)} if answer.get("score") is not None or answer.get("answer") else {},
        "metadata": {**_as_dict(item.get("metadata")), KEPT_IN: rest},
        "model_usage": _usage(answer, served),
    }
    if isinstance(answer.get("seconds"), int | float):
        sample["total_time"] = answer["seconds"]
    if answer.get("error"):
        sample["error"] = {"message": str(answer["error"]), "traceback": "", "traceback_ansi": ""}
    return sample


def _rest(item: JsonItem, wording: JsonItem) -> JsonItem:
    """Return what of an item a sample has no place for, as it is."""
    places = {
        "id": wording["id"],
        "gold": wording["target"],
        "choices": wording.get("choices"),
        "metadata": item.get("metadata"),
    }
    places["messages" if "messages" in item and item.get("question") is None else "question"] = item.get(
        "messages" if item.get("question") is None else "question"
    )
    rest = {
        name: value
        for name, value in item.items()
        if name not in places or places[name] != value or type(places[name]) is not type(value)
    }
    if isinstance(item.get("metadata"), dict) and KEPT_IN not in item["metadata"]:
        rest.pop("metadata", None)
    return rest if _is_row(item) else {name: value for name, value in rest.items() if name != "responses"}


def _other(response: Any) -> Any:
    if not isinstance(response, dict):
        return response
    return {
        name: value for name, value in response.items() if name != "text" or not isinstance(value, str) or not value
    }


def _asked(item: JsonItem, losses: Losses) -> JsonItem:
    options = texts_of_choices(item.get("choices"))
    question = item.get("question")
    wording = without_choices(question, options) if isinstance(question, str) else item.get("messages") or ""
    if wording == "":
        losses.add(
            "a row holds no question, and so the log's sample has none; name the file of questions as well as IN"
        )
    gold = item.get("golds") or item.get("gold")
    target = [str(one) for one in gold] if isinstance(gold, list) else "" if gold is None else str(gold)
    if item.get("choices") and not options:
        losses.add("choices that are no list of texts are left out of samples")
    given = item.get("id")
    id_ = given if given is not None else sha256(json.dumps([question, wording]).encode()).hexdigest()[:12]
    return {"id": id_, "input": wording, "target": target, **({"choices": options} if options else {})}


def _choices(text: str, model: str) -> list[Any]:
    message = {"role": "assistant", "content": text, "source": "generate", "model": model}
    return [{"message": message, "stop_reason": "stop"}]


def _score(answer: Mapping[str, Any]) -> dict[str, Any]:
    value = answer.get("score")
    letters = {worth: letter for letter, worth in reversed(MARKS.items())}
    letter = letters.get(value) if isinstance(value, int | float) and value in (0, 1) else None
    return {"value": letter or ("N" if value is None else value), "answer": answer.get("answer")}


def _usage(answer: Mapping[str, Any], model: str) -> dict[str, Any]:
    if answer.get("tokens") is None and answer.get("usd") is None:
        return {}
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": int(answer.get("tokens") or 0)}
    return {model: {**usage, **({} if answer.get("usd") is None else {"total_cost": answer["usd"]})}}


def _named(name: str, response: Any) -> tuple[str, int]:
    """Return whose answer it is, and which of its samples."""
    number = response.get("sample") if isinstance(response, dict) else None
    if isinstance(number, int) and number > 1 and name.endswith(f" #{number}"):
        return name.removesuffix(f" #{number}"), number
    return name, 1


def _responses(item: JsonItem) -> Mapping[str, Any]:
    if _is_row(item):
        cost = _as_dict(item.get("cost"))
        about = {"seconds": item.get("seconds"), "error": item.get("error"), **cost}
        return {"langgraph-moa": {"text": item.get("answer"), **about}}
    return _as_dict(item.get("responses"))


def _is_row(item: JsonItem) -> bool:
    return "answer" in item and "responses" not in item


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _epochs(spool: Spool, model: str) -> int:
    named = (_named(name, response) for item in spool for name, response in _responses(item).items())
    return max((epoch for name, epoch in named if name == model), default=1)


def _head(path: Path, model: str, ids: list[Any], epochs: int) -> dict[str, Any]:
    id_ = sha256(f"{path.stem}/{model}/{len(ids)}".encode()).hexdigest()[:22]
    about = {
        "eval_id": id_, "run_id": id_, "created": _WHEN, "task": "langgraph_moa", "task_id": id_, "task_version": 0,
        "dataset": {"name": "langgraph_moa", "samples": len(ids), "sample_ids": ids}, "model": model,
        "config": {"epochs": epochs},
    }  # fmt: skip
    plan = {"name": "plan", "steps": [], "config": {}}
    stats = {"started_at": _WHEN, "completed_at": _WHEN, "model_usage": {}}
    return {"version": 2, "status": "success", "eval": about, "plan": plan, "stats": stats}
