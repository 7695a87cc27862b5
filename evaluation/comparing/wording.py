"""Put the same instruction to all systems: to close with a short answer, where that is what gets compared with gold."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.ordinary import content_of
from ...prompts import bundled
from ..batch.questions import Question

ASKED = "_asked.json"
"""The file that says how the questions of a folder's rows are worded."""
_MOST_BYTES = 1_000_000


def marked(questions: Sequence[Question]) -> list[Question]:
    """Ask for a marked short answer in the system prompt, once, and leave everything else as it is.

    Some mixtures tell their proposers so, and a model alone is told nothing: who was told would be what is measured.
    Mixtures do not add the note where it stands already.
    """
    return [_marked(question) for question in questions]


def is_marked(folder: Path | None, *, by_answer: bool, mark: bool) -> bool:
    """Tell how questions are worded: as the rows of a folder were, or, without any, as the grader needs them.

    Args:
        folder: Where rows may be kept.
        by_answer: Whether short answers are compared with gold.
        mark: Whether to ask for them, then.

    Raises:
        ConfigError: The rows that are kept are answers to another wording.
    """
    wanted, before = by_answer and mark, _wording_before(folder) if folder else None
    if before is None or before == wanted or not by_answer:
        return wanted if before is None else before
    raise ConfigError(
        f"found rows in {folder} of questions that {'ask' if before else 'do not ask'} for a marked answer, expected "
        f"rows of questions that {'do' if wanted else 'do not'}; take another folder, or mark={before} "
        f"({'without' if before else 'with'} --as-is)"
    )


def note_wording(folder: Path, is_marked: bool) -> None:
    """Write down how the questions are worded that the rows of a folder answer."""
    try:
        (folder / ASKED).write_text(json.dumps({"marked": is_marked, "note": _note()}) + "\n", encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"nothing can be written to {folder}: {exc.strerror or exc}; mend that") from exc


def _wording_before(folder: Path) -> bool | None:
    if not any(file.name != "_verdicts.jsonl" for file in folder.glob("*.jsonl")):
        return None
    try:
        written: Any = json.loads(content_of(folder / ASKED, most=_MOST_BYTES))
        is_kept = bool(written["marked"])
    except FileNotFoundError:
        return False  # rows from before anything was asked for
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ConfigError(
            f"found no JSON in {folder / ASKED}, expected what an earlier comparison wrote; move it away"
        ) from exc
    if is_kept and written.get("note") != _note():
        raise ConfigError(
            f"found rows in {folder} of questions that asked for a marked answer in other words, expected the words of "
            "this version; take another folder"
        )
    return is_kept


def _note() -> str:
    return sha256(bundled("mark").text.encode()).hexdigest()[:12]


def _marked(question: Question) -> Question:
    note, (first, *rest) = bundled("mark").text, question.messages
    if first["role"] != "system":
        return replace(question, messages=[{"role": "system", "content": note}, first, *rest])
    content = first["content"]
    noted = f"{content}\n\n{note}" if isinstance(content, str) else [*content, {"type": "text", "text": note}]
    return replace(question, messages=[{**first, "content": noted}, *rest])
