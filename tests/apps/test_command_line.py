"""What stands after a command: read as it was meant, or told in one line that names the command's help."""

from pathlib import Path

import pytest
from commands import Run
from langgraph_moa.apps.mistakes import looks_like_option
from tables import each

WRONG: list[tuple[list[str], str]] = [
    # an option that there is not
    (["ask", "x", "--thred", "y"], "No such option: --thred; did you mean --thread?"),
    (["ask", "x", "--max_tokens", "3"], "did you mean --max-tokens?"),
    (["ask", "x", "--temp=1"], "did you mean --temperature?"),
    (["ask", "x", "--JSON"], "did you mean --json?"),
    (["ask", "x", "-json"], "No such option: -json; did you mean --json?"),
    (["ask", "x", "—layers", "3"], "No such option: —layers; did you mean --layers?"),
    (["ask", "x", "--zzz"], "No such option: --zzz ("),
    (["batch", "in", "out", "--thread", "x"], "--thread is an option of ask, resume and chat, not of batch"),
    (["chat", "--estimate"], "--estimate is an option of ask, check and compare, not of chat"),
    (["ask", "x", "--version"], "--version is an option of langgraph-moa, not of ask"),
    (["ask", "--layers 3"], "found '--layers 3' as one word, expected --layers and its value as two"),
    (["ask", "x", "--frob\x1b[2J"], r"No such option: --frob\x1b[2J"),
    # a value that there is not
    (["ask", "x", "--preset", "--json"], "found --preset without its value before --json"),
    (["ask", "x", "--docs"], "found --docs without its value, expected it right after"),
    (["ask", "--docs", "--", "x"], "found --docs without its value before --"),
    (["ask", "x", "--json=1"], "found --json=1, expected --json alone"),
    (["ask", "x", "--system", "sefl-moa"], "found 'sefl-moa' for --system, expected one of its values; did you mean"),
    (["ask", "x", "--early-stop=maybe"], "found 'maybe' for --early-stop"),
    (["ask", "x", "--layers", "many"], "Invalid value for '--layers'"),
    (["ask", "x", "--layers", "0"], "found 0 for layers, expected 1 or more"),
    (["ask", "x", "--preset", "opn"], "unknown preset 'opn'; did you mean 'openai'?"),
    # a question
    (["ask"], "Missing argument 'QUESTION': the question in quotes, or - for standard input"),
    (["ask", ""], "found an empty question"),
    (
        ["ask", "What", "is", "2", "+", "2?"],
        'found a question of 5 words, expected it in quotes: langgraph-moa ask "What is 2 + 2?"',
    ),
    (["ask", "“What", "is", "it?”", "--json"], 'langgraph-moa ask --json "What is it?"'),
    (["ask", "--", "-5", "+", "3"], 'langgraph-moa ask "-5 + 3"'),
    (["ask", "-5", "+", "3"], 'langgraph-moa ask "-5 + 3"'),
    (["ask", "cost", "in", "$?"], "langgraph-moa ask 'cost in $?'"),
    (["ask", "w" * 80, "w" * 80], 'langgraph-moa ask "QUESTION"'),
    (["ask", "Is it so?", "layers", "3"], "found layers, 3 after the question, expected one question in quotes"),
    (["ask", "-x+1"], 'where it begins the question: langgraph-moa ask -- "-x+1"'),
    (["chat", "What", "is", "it"], 'expected it once chat runs; to ask just this: langgraph-moa ask "What is it"'),
    (["chat", "--", "-5 + 3"], 'langgraph-moa ask "-5 + 3"'),
    (
        ["compare", "What is it?"],
        'expected a file of questions as QUESTIONS; to ask just this: langgraph-moa ask "What',
    ),
    (["compare", "What", "is", "2", "+", "2"], 'langgraph-moa ask "What is 2 + 2"'),
    (["batch", "What is it?", "out"], 'expected a file of questions as IN; to ask just this: langgraph-moa ask "What'),
    (["batch", "-5", "+", "3", "x"], 'langgraph-moa ask "-5 + 3 x"'),
    # other words
    (["batch", "in"], "Missing argument 'OUT': the rows, one a question"),
    (["batch", "a.jsonl", "b.jsonl", "c.jsonl"], "found 3 words (a.jsonl, b.jsonl, c.jsonl), expected IN and OUT"),
    (["batch", "-in.jsonl", "out"], "where it is a file's name, write ./-in.jsonl"),
    (["resume", "mine"], "found a word (mine), expected options only"),
    (["resume", "--thread", "x"], "Missing option '--store'"),
    (["models", "x"], "found a word (x), expected options only"),
    (["help", "a", "b"], "found 2 words (a, b), expected COMMAND"),
    (["completion", "zhs"], "found the shell 'zhs', expected one that is known here; did you mean 'zsh'?"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(a)[:40] for a, _ in WRONG])
def test_what_is_wrong_is_one_line_that_names_the_help(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)

    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    assert expected in line
    assert line.endswith(f" (see langgraph-moa {arguments[0]} --help)")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("question", ["-5 + 3", "-.5 + 1", "- 5 + 3", "--- 5 + 3", "-(2 + 3)", "--frob is 2 + 2?"])
@pytest.mark.parametrize("dashes", [[], ["--"]])
def test_a_question_may_begin_with_a_dash(run: Run, question: str, dashes: list[str]) -> None:
    done = run("ask", "--json", *dashes, question)

    assert done.code == 0
    assert f'"{question}' in done.out or question in done.out


def test_what_is_no_answer_to_anything_but_the_sum(run: Run) -> None:
    assert run("ask", "-5 + 3").out == "-5 + 3 = -2\n"
    assert run("ask", "--layers", "3", "-5 + 3", "--no-stream").out == "-5 + 3 = -2\n"


def test_an_option_may_have_a_negative_value(run: Run) -> None:
    assert "found -1.0 for temperature, expected 0 or more" in run("ask", "x", "--temperature", "-1").err


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("before", [[], ["--frob"], ["a", "b", "c"], ["--json", "x"]])
def test_who_asks_for_help_gets_it(run: Run, flag: str, before: list[str]) -> None:
    done = run("ask", *before, flag)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: langgraph-moa ask ")


def test_a_file_that_is_there_is_no_question(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("What is it?").write_text('{"question": "What is 2 + 2?"}\n')

    done = run("batch", "What is it?", "rows")

    assert done.code == 0
    assert "1 answered" in done.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my questions.jsonl", "my questions.jsonl cannot be read"),
        ("no such file.csv", "found nothing at no such file.csv"),
        ("questions", "questions cannot be read"),
    ],
)
def test_a_file_that_is_not_there_is_none_either(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)

    assert words in run("batch", name, "nowhere.jsonl").err


@each(
    ("word", "expected"),
    [
        ("--json", True),
        ("-h", True),
        ("--a=b c", True),
        ("-x+1", True),
        ("-5", False),
        ("-.5", False),
        ("-", False),
        ("--", False),
        ("---", False),
        ("--a b", False),
        ("-(a)", False),
        ("−5", False),
        ("word", False),
    ],
)
def test_what_looks_like_an_option(word: str, expected: bool) -> None:
    assert looks_like_option(word) is expected
