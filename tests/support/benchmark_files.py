"""Files of benchmarks: the questions are ours, their fields are theirs."""

import json
from pathlib import Path
from typing import Any, cast

from langgraph_moa.evaluation.batch.questions import Question, Row

ALPACA = [
    {"dataset": "helpful_base", "instruction": "Name a pump.", "output": "Theirs.", "generator": "gpt4_1106_preview"},
    {"instruction": "Rhyme.\n\n“ü”", "output": "Theirs.", "generator": "x", "dataset": "vicuna", "datasplit": "eval"},
]


MT_BENCH = [
    {"question_id": 81, "category": "writing", "turns": ["Write.", "Shorter."]},
    {"question_id": 101, "category": "math", "turns": ["Two and two?", "And one?"], "reference": ["4", "5"]},
]


FLASK = [
    {
        "idx": 1,
        "instruction": "Be brief.\nInput: x",
        "answer": "x",
        "task": "Self-instruct",
        "skill": ["Readability", "Logical Correctness", "Conciseness"],
        "domain": ["Humanities"],
        "difficulty": "formal education knowledge",
    },
    {"idx": 2, "instruction": "Sum up.", "answer": "y", "task": "t", "skill": ["A"], "domain": ["B"], "difficulty": 3},
]


FLASK_RAW = [
    {"question_id": 1, "text": "Be brief.\nInput: x", "task": "Self_Instruct", "answer": "x"},
    {"question_id": 2, "text": "Sum up.", "task": "t", "answer": "y"},
]


OURS: dict[str, tuple[str, list[dict[str, Any]], list[tuple[str, ...]]]] = {
    "alpaca_eval": ("alpaca_eval", ALPACA, [("Name a pump.",), ("Rhyme.\n\n“ü”",)]),
    "mt_bench": ("mt_bench", MT_BENCH, [("Write.", "Shorter."), ("Two and two?", "And one?")]),
    "flask": ("flask", FLASK, [("Be brief.\nInput: x",), ("Sum up.",)]),
    "flask, raw": ("flask", FLASK_RAW, [("Be brief.\nInput: x",), ("Sum up.",)]),
    "vicuna_bench": ("mt_bench", [{"question_id": 1, "category": "generic", "turns": ["Hm?"]}], [("Hm?",)]),
}


def write_json(path: Path, items: list[Any], *, lines: bool = True) -> Path:
    path.write_text("".join(json.dumps(i) + "\n" for i in items) if lines else json.dumps(items, indent=2))
    return path


def row(question: Question, *answers: str | None, ended: float | None = 12.5) -> Row:
    """Be what a batch makes of a question; the last answer is None where a turn failed."""
    calls = [{"started": 10.0, "seconds": ended - 10.0}] if ended else []
    run = cast("Any", {"aggregators": calls})
    done: Row = {
        "id": question.id,
        "answer": answers[-1],
        "run": None if answers[-1] is None else run,
        "error": "timeout" if answers[-1] is None else None,
        "gold": question.gold,
        "seconds": 1.0,
    }
    if question.later:
        done["turns"] = [{"answer": answer, "run": run} for answer in answers if answer is not None]
    return done
