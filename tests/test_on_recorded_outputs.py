"""Reading and grading, on what small models on real servers wrote: nothing wrong is right, nothing right is wrong."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.agreement.answers import final_answer, read_answer
from langgraph_moa.core.agreement.values import same_answer
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.grading.by_gold import closed
from tables import each

HERE = Path(__file__).parents[1] / ".." / "shared" / "real-models"
recorded = pytest.mark.skipif(not HERE.is_dir(), reason="the recorded outputs (../shared/real-models) are not here")

# Which of 148 finished answers to GSM8K's questions are right: all were read, by id and how they were asked.
RIGHT = {
    ("ab-qwen05", "g105", "steps_then_mark"),
    ("ab-qwen05", "g105", "as_is"),
    ("ab-qwen05", "g136", "as_is"),
    ("ab-qwen05", "g136", "steps_then_mark"),
    ("ab-qwen05", "g79", "note_same_message"),
    ("ab-qwen05", "g79", "note_system"),
    ("ab-qwen05", "g143", "as_is"),
    ("ab-qwen05", "g143", "steps_then_mark"),
    ("ab-qwen05", "g43", "note_same_message"),
    ("ab-qwen05", "g73", "note_same_message"),
    ("ab-qwen15", "g56", "note_own_message"),
    ("ab-qwen15", "g56", "as_is"),
    ("ab-qwen15", "g105", "steps_then_mark"),
    ("ab-qwen15", "g136", "note_own_message"),
}
TWO_ANSWERS = {("ab-qwen05", "g142", "note_system")}
"""`Final answer: $100`, and below it a calculation that comes to $70: nobody can tell which of them is meant."""


def lines(name: str) -> Iterator[Any]:
    with (HERE / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def is_right(question: str, gold: str, text: str) -> bool:
    asked = Question(id="q", messages=[{"role": "user", "content": question}], gold=gold)
    return closed(asked, text) == 1


def last_number(text: str) -> float | None:
    found = re.findall(r"\d[\d,]*(?:\.\d+)?", text)
    return float(found[-1].replace(",", "")) if found else None


with (Path(__file__).parent / "data" / "short_answers.jsonl").open(encoding="utf-8") as own:
    OWN = [json.loads(line) for line in own]
"""What two small models on llama.cpp's server wrote at temperature 0, 120 tokens at most, to questions of ours; beside
each stands what a reader takes for its answer, `read`, where it marks one, and whether that is right."""


@each("row", OWN)
def test_an_answer_is_read_as_a_reader_reads_it(row: dict[str, Any]) -> None:
    found, wanted = final_answer(row["text"]), read_answer(row["read"]) if row["read"] else None

    assert (found is None) is (wanted is None), found
    assert found is None or wanted is None or same_answer(found, wanted)
    assert is_right(row["question"], row["gold"], row["text"]) is row["right"]


@recorded
def test_finished_answers_are_graded_as_people_read_them() -> None:
    graded, ends_on_it, finished = set(), set(), 0
    for name in ("ab-qwen05", "ab-qwen15", "ab-smollm2"):
        for row in lines(f"recorded/{name}.jsonl"):
            if row["finish"] == "stop":
                finished += 1
                key = (name, row["id"], row["variant"])
                graded |= {key} if is_right(row["question"], row["gold"], row["text"]) else set()
                ends_on_it |= {key} if last_number(row["text"]) == float(row["gold"]) else set()

    assert finished == 148
    assert graded == RIGHT
    assert ends_on_it == RIGHT | TWO_ANSWERS  # the list above, found in another way


@recorded
@pytest.mark.parametrize("name", ["recorded/ab-qwen05", "recorded/ab-smollm2", "lab/mark-qwen05", "lab/mark-qwen15"])
def test_an_answer_that_was_cut_is_right_only_where_it_had_come_to_it(name: str) -> None:
    cut = [row for row in lines(f"{name}.jsonl") if row["finish"] == "length" and row.get("set", "gsm") == "gsm"]
    right = [row for row in cut if is_right(row.get("question") or row["q"], row["gold"], row["text"])]

    assert cut
    assert all(last_number(row["text"]) == float(row["gold"]) for row in right)


@recorded
@pytest.mark.parametrize(("name", "right"), [("mark-qwen05", 5), ("mark-qwen15", 42)])
def test_worked_out_answers_are_graded_by_what_they_end_on(name: str, right: int) -> None:
    """All that were finished were read: each ends on the number that its author means."""
    rows = [row for row in lines(f"lab/{name}.jsonl") if row["set"] == "gsm" and row["finish"] == "stop"]
    graded = [is_right(row["q"], row["gold"], row["text"]) for row in rows]

    assert sum(graded) == right
    assert graded == [last_number(row["text"]) == float(row["gold"]) for row in rows]


@recorded
def test_a_chosen_option_is_right_by_its_letter_or_its_words() -> None:
    rows = [row for row in lines("lab/mark-qwen15.jsonl") if row["set"] == "mc" and row["finish"] == "stop"]
    graded = [row for row in rows if is_right(row["q"], row["gold"], row["text"])]

    assert len(graded) >= 22
    for row in graded:
        (words,) = re.findall(rf"^{row['gold']}\) (.*)$", row["q"], re.MULTILINE)
        tail = row["text"].splitlines()[-1]
        assert re.search(rf"\b{row['gold']}\b|{re.escape(words)}", tail), tail


@recorded
def test_nothing_wrong_is_right_in_everyday_answers() -> None:
    golds = {row["q"]: row["gold"].split("|") for row in lines("lab/mark-qwen05.jsonl") if row["set"] == "every"}
    answers = [(row["q"], row["text"]) for name in ("05", "15") for row in lines(f"lab/mark-qwen{name}.jsonl")]
    answers += [(row["q"], row["answer"]) for row in lines("recorded/everyday.jsonl")]
    graded = [
        (question, text)
        for question, text in answers
        for gold in golds.get(question, ())
        if is_right(question, gold, text)
    ]

    assert len(graded) >= 100
    for question, text in graded:
        assert any(re.search(rf"\b{re.escape(gold)}\b", text, re.IGNORECASE) for gold in golds[question]), text


@recorded
def test_what_ends_on_a_box_is_read() -> None:
    """None is read as another number; three are not read, for more is said after the box."""
    read = missed = 0
    for name in ("recorded/ab-qwen05", "recorded/ab-qwen15", "lab/mark-qwen05", "lab/mark-qwen15", "lab/syn-qwen05"):
        for row in lines(f"{name}.jsonl"):
            boxed = re.findall(r"\\boxed\{([\d.]+)\}", row["text"].strip().splitlines()[-1])
            if row.get("finish") == "stop" and len(boxed) == 1:
                found = final_answer(row["text"])
                missed += found is None
                read += found is not None
                assert found is None or found.value[1] == pytest.approx(float(boxed[0])), row["text"]  # type: ignore[index]

    assert (read, missed) == (86, 3)
