"""Questions are read from a file as they were meant, or refused by their line."""

import io
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa import ConfigError, Question, read_questions
from langgraph_moa.core.text import shows_nothing
from langgraph_moa.evaluation.batch.reading import questions_in

ASKED = {"role": "user", "content": "Why?"}
BAD = [
    (b"{", "found no JSON in line 2 of {file}, expected an object on one line; mend the line, or take it out"),
    (b"[" * 100_000, "found no JSON in line 2"),
    (b'{"question": "\xff"}', "found bytes that are no UTF-8 in line 2 of {file}, expected UTF-8; convert the file"),
    (
        b"[3]",
        "found [3] in line 2 of {file}, expected an object with `question` or `messages`; if the file is one array",
    ),
    (b"3", "found 3 in line 2 of {file}, expected an object with `question` or `messages`"),
    (b"[]", "found [] in line 2"),
    (b"{}", "found neither `question` nor `messages` in line 2 of {file}, expected one of them"),
    ({"question": "a", "messages": [ASKED]}, "found both `question` and `messages` in line 2"),
    ({"question": ""}, "found no text in `question` in line 2 of {file}, expected some text"),
    ({"question": " \n"}, "found no text in `question` in line 2"),
    ({"question": "\u200b\ufeff"}, "found no text in `question` in line 2"),
    ({"question": 3}, "found 3 in `question` in line 2 of {file}, expected some text"),
    ({"messages": []}, "found [] as `messages` in line 2 of {file}, expected a list of messages"),
    ({"messages": "Why?"}, "found 'Why?' as `messages` in line 2"),
    ({"messages": ["Why?"]}, "found 'Why?' in `messages` in line 2 of {file}, expected messages of system, user"),
    ({"messages": [{"role": "bot", "content": "a"}]}, "found the role 'bot' in `messages` in line 2"),
    ({"messages": [{"content": "a"}]}, "found the role None in `messages` in line 2"),
    ({"messages": [{"role": "user"}]}, "found no text in `messages` in line 2"),
    ({"messages": [{"role": "user", "content": [3]}]}, "found [3] in `messages` in line 2"),
    ({"messages": [ASKED, {"role": "assistant", "content": "a"}]}, "found a last message of the assistant in line 2"),
    ({"id": True, "question": "a"}, "found True as `id` in line 2 of {file}, expected text or a whole number"),
    ({"id": 1.5, "question": "a"}, "found 1.5 as `id` in line 2"),
    ({"id": "", "question": "a"}, "found '' as `id` in line 2"),
    ({"id": "one", "question": "a"}, "found the id 'one' again in line 2 of {file}, expected one of its own"),
    ({"gold": [1], "question": "a"}, "found [1] as `gold` in line 2 of {file}, expected text or a number"),
    ({"gold": True, "question": "a"}, "found True as `gold` in line 2"),
]


def write(folder: Path, *lines: Any) -> Path:
    file = folder / "questions.jsonl"
    file.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return file


@pytest.mark.parametrize(("line", "told"), BAD)
def test_a_bad_line_is_refused_before_the_first_question_is_given(tmp_path: Path, line: Any, told: str) -> None:
    file = write(tmp_path, {"id": "one", "question": "Good?"}, line, {"question": "Never read?"})

    with pytest.raises(ConfigError) as refused:
        next(read_questions(file))

    assert str(refused.value).startswith(told.format(file=file))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl cannot be read: No such file .*expected a file with a JSON"):
        next(read_questions(tmp_path / "nowhere.jsonl"))


def test_what_a_line_may_hold(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "Be brief."}, ASKED]
    pictures = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}]}]
    file = write(
        tmp_path,
        b'\xef\xbb\xbf{"id": 7, "question": "a", "gold": 4.5, "subject": "x"}\r',
        b"",
        {"id": "b", "messages": talk, "question": None, "gold": "no"},
        b"   ",
        {"id": "c", "messages": pictures},
        b'{"id": "d", "question": "lone \\ud800"}',
    )

    first, second, third, fourth = read_questions(file)

    assert (first.id, first.gold, first.given["subject"]) == ("7", "4.5", "x")
    assert first.messages == [{"role": "user", "content": "a"}]
    assert (second.id, second.messages, second.gold) == ("b", talk, "no")
    assert third.messages == pictures
    assert fourth.messages[0]["content"] == "lone \ufffd"


def test_ids_that_are_not_given_depend_on_what_is_asked_alone(tmp_path: Path) -> None:
    lines = [{"question": "a"}, {"question": "b", "gold": 1}, {"question": "a"}, {"question": "a", "x": 1}]

    one, two, again, once_more = [q.id for q in read_questions(write(tmp_path, *lines))]
    others = [q.id for q in read_questions(write(tmp_path, {"question": "c"}, *lines, {"question": "a"}))]

    assert (again, once_more) == (f"{one}-2", f"{one}-3")
    assert len({one, two}) == 2
    assert others[1:] == [one, two, again, once_more, f"{one}-4"]


def test_questions_are_given_in_python_too() -> None:
    mine = Question(id="mine", messages=[ASKED], later=["And then?"])

    found = list(questions_in(["Why?", {"id": 1, "question": "How?"}, mine]))

    assert [q.id for q in found][1:] == ["1", "mine"]
    assert (found[0].messages, found[2].later) == ([ASKED], ["And then?"])


WRONG: list[tuple[Any, str]] = [
    ((q for q in ["a"]), "found generator as questions, expected what can be gone through twice"),
    (map(str, [1]), "found map as questions, expected what can be gone through twice"),
    (iter(["a"]), "found list_iterator as questions, expected what can be gone through twice"),
    (io.StringIO("a"), "found StringIO as questions, expected what can be gone through twice"),
    ({"question": "a"}, "found dict as questions, expected a file, or a list of them"),
    ([Question(id="a", messages=[ASKED], later=(t for t in "bc"))], "found <generator"),  # type: ignore[arg-type]
    (3, "found int as questions, expected a file, or a list of them"),
    ([Question(id=3, messages=[ASKED])], "found 3 as the id in question 1"),  # type: ignore[arg-type]
    ([Question(id="a", messages=[])], "found [] as `messages` in question 1"),
    ([Question(id="a", messages=[ASKED], gold=[6])], "found [6] as `gold` in question 1"),  # type: ignore[arg-type]
    ([Question(id="a", messages=[ASKED], later="b")], "found 'b' as later turns in question 1"),
    (["a", ""], "found no text in `question` in question 2"),
    ([None], "found None in question 1, expected an object"),
]


@pytest.mark.parametrize(("questions", "told"), WRONG)
def test_wrong_questions_in_python_are_told_too(questions: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        list(questions_in(questions))

    assert str(refused.value).startswith(told)


@pytest.mark.parametrize("read", [read_questions, questions_in])
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_can_be_read_only_once_is_refused_and_not_opened(tmp_path: Path, kind: str, read: Any) -> None:
    path = Path(os.devnull) if kind == "device" else tmp_path / "q"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))

    with pytest.raises(ConfigError, match=rf"^found a {kind} as questions, .*expected a file that can be read twice"):
        list(read(path))


ANY_TEXT = st.text(min_size=1).filter(lambda text: not shows_nothing(text))
ANY_LINE = st.fixed_dictionaries({"question": ANY_TEXT}, optional={"gold": st.text()})


@given(lines=st.lists(ANY_LINE), ascii_only=st.booleans(), blank=st.booleans())
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, str]], ascii_only: bool, blank: bool
) -> None:
    file = tmp_path_factory.mktemp("q") / "questions.jsonl"
    written = [json.dumps(line, ensure_ascii=ascii_only).encode("utf-8", "replace") for line in lines]
    file.write_bytes((b"\n\n" if blank else b"\n").join(written))

    first, second = list(read_questions(file)), list(read_questions(file))

    told = [line["question"].encode("utf-8", "replace").decode() for line in lines]
    assert [q.messages[0]["content"] for q in first] == told
    assert len({q.id for q in first}) == len(lines)
    assert first == second


@given(content=st.binary(max_size=200) | st.text(alphabet='{}[]":, \nquestionmsgrl0123', max_size=80).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("q") / "questions.jsonl"
    file.write_bytes(content)

    with suppress(ConfigError):
        assert len(list(read_questions(file))) <= content.count(b"\n") + 1
