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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.apps.batch.formats import FORMATS
from langgraph_moa.core.errors import ConfigError
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


def test_empty_lines_and_a_byte_order_mark_are_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"\xef\xbb\xbf\r\n" + json.dumps(FLASK[0]).encode() + b"\r\n\n" + json.dumps(FLASK[1]).encode())

    assert [q.id for q in FORMATS["flask"].read(file)] == ["1", "2"]


WRONG: dict[str, tuple[str, bytes | list[Any], str]] = {
    "empty": ("flask", b"\n", "found no questions in in, expected those of FLASK; get their file again"),
    "empty array": ("alpaca_eval", b"[]", "found no questions in in, expected those of AlpacaEval 2.0"),
    "cut off": ("flask", b'{"idx": 1, "instruction": "a"}\n{"idx"', "found no JSON in line 2 of in (Expecting ':'"),
    "cut off array": ("flask", b'[{"idx": 1}', "found no JSON in in (Expecting ',' delimiter"),
    "not UTF-8": ("flask", b'{"idx": "\xff"}', "found no JSON in line 1 of in ('utf-8' codec"),
    "too deep": ("flask", b"[" * 100_000, "found no JSON in in (maximum recursion depth exceeded"),
    "a table": ("flask", b"idx,instruction\n1,a\n", "found no JSON in line 1 of in (Expecting value"),
    "no object": ("mt_bench", [MT_BENCH[0], 7], "found 7 in line 2 of in, expected an object as in MT-Bench"),
    "columns": (
        "alpaca_eval",
        [{"instruction": {"0": "a"}}],
        "found {'0': 'a'} for instruction in line 1 of in, expected a question's text; mend the file, or name",
    ),
    "another's": ("alpaca_eval", MT_BENCH, "found None for instruction in line 1 of in, expected a question's text"),
    "nothing asked": (
        "alpaca_eval",
        [ALPACA[0], {"instruction": " \n"}],
        r"found ' \n' for instruction in line 2 of in",
    ),
    "an input": (
        "alpaca_eval",
        [{"instruction": "a", "input": "b"}],
        "found an input beside the instruction in line 1",
    ),
    "asked twice": (
        "alpaca_eval",
        [*ALPACA, ALPACA[0]],
        "found the question in line 1 of in again in line 3 of in, expected it once; take one of them out",
    ),
    "one id twice": (
        "mt_bench",
        [MT_BENCH[0], {**MT_BENCH[1], "question_id": "81"}],
        "in line 1 of in again in line 2",
    ),
    "no id": (
        "mt_bench",
        [{"turns": ["a"]}],
        "found None for question_id in line 1 of in, expected a number or a name",
    ),
    "true": ("flask", [{"idx": True, "instruction": "a"}], "found True for idx in line 1 of in, expected a number or"),
    "no turns": (
        "mt_bench",
        [{"question_id": 1, "turns": []}],
        "found [] for turns in line 1 of in, expected a list of",
    ),
    "a turn": ("mt_bench", [{"question_id": 1, "turns": ["a", 2]}], "found 2 for turn 2 in line 1 of in, expected"),
    "raw without text": (
        "flask",
        [{"question_id": 1}],
        "found None for text in line 1 of in, expected a question's text",
    ),
}


@pytest.mark.parametrize("way", WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.chdir(tmp_path)
    name, content, expected = WRONG[way]
    file = Path("in")
    file.write_bytes(content) if isinstance(content, bytes) else write_json(file, content)

    with pytest.raises(ConfigError) as told:
        list(FORMATS[name].read(file))

    assert expected in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_the_second_item_of_an_array_is_named_so(tmp_path: Path) -> None:
    file = write_json(tmp_path / "in", [ALPACA[0], {}], lines=False)

    with pytest.raises(ConfigError, match="found None for instruction in item 2 of "):
        list(FORMATS["alpaca_eval"].read(file))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="none cannot be read: No such file or directory"):
        list(FORMATS[name].read(tmp_path / "none"))


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
    monkeypatch.setattr("time.time", lambda: 99.0)
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


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_an_empty_file(tmp_path: Path, name: str) -> None:
    out = tmp_path / f"out{FORMATS[name].ending}"

    FORMATS[name].write([], out, generator="moa")

    assert out.read_text() == ("[\n]\n" if name == "alpaca_eval" else "")


@pytest.mark.parametrize("name", FORMATS)
def test_what_fails_midway_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    form, items = FORMATS[name], OURS[name][1]
    questions = list(form.read(write_json(tmp_path / "in", items)))
    out = tmp_path / f"out{form.ending}"
    out.write_text("old")

    def rows() -> Iterator[tuple[Question, Row]]:
        yield questions[0], row(questions[0], *["a"] * (1 + len(questions[0].later)))
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        form.write(rows(), out, generator="moa")

    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", out.name]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(ConfigError, match=r"cannot be written to .*out\.jsonl: No space left on device; mend that"):
        FORMATS["flask"].write([], tmp_path / "out.jsonl", generator="moa")
    assert list(tmp_path.iterdir()) == []


UNFIT: list[tuple[str, str, str, str]] = [
    (
        "alpaca_eval",
        "out.jsonl",
        "moa",
        "expected a name that ends in .json: the tool of AlpacaEval 2.0 reads no other",
    ),
    ("mt_bench", "out.json", "moa", "expected a name that ends in .jsonl: the tool of MT-Bench reads no other"),
    ("flask", "out", "moa", "expected a name that ends in .jsonl: the tool of FLASK reads no other"),
    ("flask", "no/out.jsonl", "moa", "expected a file in a folder that is there; make it first"),
    ("flask", "folder.jsonl", "moa", "expected a file in a folder that is there; make it first"),
    ("alpaca_eval", "out.json", " ", "found the generator ' ', expected a name for AlpacaEval 2.0 to show; give one"),
]


@pytest.mark.parametrize(("name", "out", "generator", "expected"), UNFIT)
def test_what_no_tool_would_read_is_refused_beforehand(
    tmp_path: Path, name: str, out: str, generator: str, expected: str
) -> None:
    (tmp_path / "folder.jsonl").mkdir()

    for refuses in (FORMATS[name].check, lambda out, generator: FORMATS[name].write([], out, generator=generator)):
        with pytest.raises(ConfigError) as told:
            refuses(tmp_path / out, generator=generator)
        assert expected in str(told.value)


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

    assert "a?b" in written(tmp_path, name, *answers)[1]
