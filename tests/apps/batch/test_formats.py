"""Files of benchmarks, held against what their own tools read and write.

What is official here was read in these files, each at the commit named:

- tatsu-lab/alpaca_eval (cd543a1, package 0.6.6): README.md, example/outputs.json, results/*/model_outputs.json, and in
  src/alpaca_eval main.py (`evaluate`), utils.py (`load_or_convert_to_dataframe`, `get_generator_name`),
  annotators/pairwise_evaluator.py (`annotate_head2head`), metrics/glm_winrate.py (`_get_featurized_data`);
- lm-sys/FastChat (0e6d3e4): in fastchat/llm_judge data/mt_bench/question.jsonl, gen_api_answer.py, and common.py
  (`load_questions`, `load_model_answers`, `check_data`, `run_judge_single`);
- kaistAI/FLASK (3b4e22b): evaluation_set/flask_evaluation.jsonl, input_data/flask_evaluation_raw.jsonl,
  model_output/inference.py, gpt_review/gpt4_eval.py.

The questions are ours; their fields are theirs.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from benchmark_files import ALPACA, MT_BENCH, OURS, row, write_json
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.apps.batch.formats import FORMATS

# Reading


@pytest.mark.parametrize("lines", [True, False], ids=["lines", "array"])
@pytest.mark.parametrize("which", OURS)
def test_questions_are_asked_as_they_stand_there(tmp_path: Path, which: str, lines: bool) -> None:
    name, items, asked = OURS[which]

    questions = list(FORMATS[name].read(write_json(tmp_path / "in", items, lines=lines)))

    assert [(q.messages[0]["content"], *q.later) for q in questions] == asked
    assert [list(q.messages) for q in questions] == [[{"role": "user", "content": said[0]}] for said in asked]
    assert [q.given for q in questions] == items
    assert {q.gold for q in questions} == {None}, "a model's answer, or a judge's notes, are no right answer"


@pytest.mark.parametrize(
    ("which", "ids"), [("mt_bench", ["81", "101"]), ("flask", ["1", "2"]), ("flask, raw", ["1", "2"])]
)
def test_ids_are_the_benchmarks(tmp_path: Path, which: str, ids: list[str]) -> None:
    name, items, _ = OURS[which]

    assert [q.id for q in FORMATS[name].read(write_json(tmp_path / "in", items))] == ids


def test_where_there_are_none_an_id_is_its_questions_wherever_it_stands(tmp_path: Path) -> None:
    forth, back = (
        {q.messages[0]["content"]: q.id for q in FORMATS["alpaca_eval"].read(write_json(tmp_path / "in", items))}
        for items in (ALPACA, ALPACA[::-1])
    )

    assert forth == back
    assert len(set(forth.values())) == len(ALPACA)


# Writing


def written(tmp_path: Path, which: str, *answers: tuple[str | None, ...], generator: str = "moa") -> tuple[Path, str]:
    """Read a benchmark's questions, answer them, and return the file that is written and what it holds."""
    name, items, _ = OURS[which]
    form = FORMATS[name]
    questions = list(form.read(write_json(tmp_path / "in", items)))
    out = tmp_path / f"out{form.ending}"
    rows = ((q, row(q, *said)) for q, said in zip(questions, answers, strict=True))
    form.write(rows, out, generator=generator)
    return out, out.read_bytes().decode("ascii")


def test_alpaca_eval_is_an_array_of_what_its_tool_joins_by_instruction(tmp_path: Path) -> None:
    """Hold the fields against example/outputs.json: one generator, and the instruction exactly as it was given."""
    _, text = written(tmp_path, "alpaca_eval", ("Ours é.",), ('A "rhyme"\n\u2028.',))

    assert json.loads(text) == [
        {"instruction": "Name a pump.", "output": "Ours é.", "generator": "moa", "dataset": "helpful_base"},
        {
            "instruction": "Rhyme.\n\n“ü”",
            "output": 'A "rhyme"\n\u2028.',
            "generator": "moa",
            "dataset": "vicuna",
            "datasplit": "eval",
        },
    ]


@pytest.mark.parametrize("which", ["flask", "flask, raw"])
def test_flask_is_what_its_inference_writes(tmp_path: Path, which: str) -> None:
    """Hold the fields against model_output/inference.py; gpt4_eval.py compares ids, so a number stays one."""
    _, text = written(tmp_path, which, ("One.",), ("Two\n“é”.",))

    assert [json.loads(line) for line in text.splitlines()] == [
        {"question_id": 1, "text": "One."},
        {"question_id": 2, "text": "Two\n“é”."},
    ]


def test_mt_bench_is_what_its_generator_writes(tmp_path: Path) -> None:
    """Hold the fields, their order and their types against fastchat/llm_judge/gen_api_answer.py."""
    _, text = written(tmp_path, "mt_bench", ("First.", "Second."), ("4", "5"))

    first, second = (json.loads(line) for line in text.splitlines())
    assert list(first) == ["question_id", "answer_id", "model_id", "choices", "tstamp"]
    assert (first["question_id"], second["question_id"]) == (81, 101)
    assert first["model_id"] == "moa"
    assert first["choices"] == [{"index": 0, "turns": ["First.", "Second."]}]
    assert first["tstamp"] == 12.5
    assert len(first["answer_id"]) == 22
    assert first["answer_id"] != second["answer_id"]


def test_a_question_of_one_turn_has_one_answer(tmp_path: Path) -> None:
    _, text = written(tmp_path, "vicuna_bench", ("So.",))

    assert json.loads(text)["choices"] == [{"index": 0, "turns": ["So."]}]


def test_the_same_rows_make_the_same_file(tmp_path: Path) -> None:
    answers = ("a", "b"), ("c", "d")
    once, again = (written(tmp_path, "mt_bench", *answers)[1] for _ in range(2))
    other = written(tmp_path, "mt_bench", *answers, generator="other")[1]

    assert once == again
    ids = [{json.loads(line)["answer_id"] for line in text.splitlines()} for text in (once, other)]
    assert not ids[0] & ids[1]


def test_without_an_aggregator_it_is_written_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langgraph_moa.apps.batch.formats.unix_time", lambda: 99.0)
    form, out = FORMATS["mt_bench"], tmp_path / "out.jsonl"
    (question,) = form.read(write_json(tmp_path / "in", MT_BENCH[:1]))

    form.write([(question, row(question, "a", "b", ended=None))], out, generator="moa")

    assert json.loads(out.read_text())["tstamp"] == 99.0


MISSING: dict[str, tuple[tuple[str | None, ...], tuple[str | None, ...], list[Any]]] = {
    "alpaca_eval": ((None,), ("b",), [("Name a pump.", ""), ("Rhyme.\n\n“ü”", "b")]),
    "mt_bench": (("a", None), ("c", "d"), [101]),
    "flask": ((None,), ("b",), [2]),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_answer_is_what_the_tool_makes_the_least_of(tmp_path: Path, name: str) -> None:
    """Leave it out where the tool then stops, and keep its place where the tool would go on with others' numbers.

    FastChat's `check_data` and FLASK's gpt4_eval.py assert that every question has an answer. AlpacaEval joins what is
    there, and numbers instructions by their place when it controls for length.
    """
    first, second, expected = MISSING[name]

    _, text = written(tmp_path, name, first, second)

    if name == "alpaca_eval":
        assert [(item["instruction"], item["output"]) for item in json.loads(text)] == expected
    else:
        assert [json.loads(line)["question_id"] for line in text.splitlines()] == expected


# Whatever the text


ANY = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\r\n", "\u2028\x85", '"\\', "\x00", "𝄞", "]["]
)
ASKED = ANY.filter(str.strip)


@given(asked=st.lists(ASKED, min_size=1, unique=True), answer=ANY)
def test_alpaca_eval_comes_back_whole(tmp_path_factory: pytest.TempPathFactory, asked: list[str], answer: str) -> None:
    folder, form = tmp_path_factory.mktemp("a"), FORMATS["alpaca_eval"]
    questions = list(form.read(write_json(folder / "in.json", [{"instruction": text} for text in asked])))

    form.write(((q, row(q, answer)) for q in questions), folder / "out.json", generator="moa")

    assert [(i["instruction"], i["output"]) for i in json.loads((folder / "out.json").read_text("ascii"))] == [
        (text, answer) for text in asked
    ]
    assert [q.id for q in form.read(folder / "out.json")] == [q.id for q in questions]


@given(asked=st.lists(ASKED, min_size=1, max_size=3), answers=st.lists(ANY, min_size=3, max_size=3))
def test_lines_come_back_whole(tmp_path_factory: pytest.TempPathFactory, asked: list[str], answers: list[str]) -> None:
    folder = tmp_path_factory.mktemp("l")
    said = answers[: len(asked)]
    for name, item, mine in (
        ("mt_bench", {"question_id": 7, "turns": asked}, said),
        ("flask", {"idx": 7, "instruction": asked[0]}, said[:1]),
    ):
        (question,) = FORMATS[name].read(write_json(folder / "in", [item]))
        assert (question.messages[0]["content"], *question.later) == tuple(asked[: len(mine)])

        FORMATS[name].write([(question, row(question, *mine))], folder / "out.jsonl", generator="moa")

        (line,) = (folder / "out.jsonl").read_text("ascii").splitlines()
        back = json.loads(line)
        assert back["question_id"] == 7
        assert (back["choices"][0]["turns"] if name == "mt_bench" else [back["text"]]) == mine


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_character_does_not_reach_a_judge(tmp_path: Path, name: str) -> None:
    answers = [("a\ud800b",) * (1 + (name == "mt_bench"))] * 2

    assert r"a\ufffdb" in written(tmp_path, name, *answers)[1]
