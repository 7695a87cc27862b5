"""The command line as a person meets it."""

import pytest
from commands import Run, finish, in_a_process
from loopback import Loopback, Reply

WRONG: list[tuple[list[str], str]] = [
    (["ask"], "Missing argument 'QUESTION'"),
    (["ask", ""], "found an empty question"),
    (["ask", "x", "--frob"], "No such option: --frob"),
    (["ask", "x", "--preset", "opn"], "unknown preset 'opn'; did you mean 'openai'?"),
    (["ask", "x", "--preset", "openai"], "OPENAI_API_KEY is not set"),
    (["ask", "x", "--proposer", "gpt"], "found the model 'gpt', expected 'provider:model'"),
    (["ask", "x", "--proposer", "opnai:gpt"], "did you mean 'openai'?"),
    (["ask", "x", "--layers", "0"], "found 0 for layers, expected 1 or more"),
    (["ask", "x", "--layers", "many"], "should be a valid integer"),
    (["ask", "x", "--samples", "0"], "found 0 for samples, expected 1 or more"),
    (["ask", "x", "--timeout", "-1"], "found -1.0 for timeout, expected more than 0"),
    (["ask", "x", "--temperature", "-1"], "found -1.0 for temperature, expected 0 or more"),
    (["ask", "x", "--max-tokens", "0"], "found 0 for max_tokens, expected 1 or more"),
    (["ask", "x", "--docs", "nowhere"], "found no file or folder 'nowhere'"),
    (["ask", "x", "--base-url", "http://u:pw@127.0.0.1:9"], "found the server 'http://127.0.0.1:9' but no models"),
    (["ask", "x", "--base-url", "http://h", "--proposer", "offline:words"], "offline models only"),
    (["ask", "x", "--config", "nowhere.toml"], "nowhere.toml cannot be read"),
    (["ask", "x", "--config", "README.md"], "expected one ending in .toml, .yaml or .yml"),
    (["graph", "--png", "nowhere/x.png"], "found no folder nowhere for --png"),
    (["frob"], "No such command 'frob'"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_an_error_is_one_line_and_a_code(run: Run, arguments: list[str], expected: str) -> None:
    done = run(*arguments)

    assert done.code != 0
    assert done.out == ""
    errors = [line for line in done.err.splitlines() if not line.startswith("models: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert expected in errors[0]
    assert "pw" not in done.err


def test_alone_it_prints_its_help(run: Run) -> None:
    done = run()

    assert (done.code, done.err) == (0, "")
    assert "ask " in done.out


def test_what_a_terminal_cannot_show_is_no_error(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback.default = Reply("Marañón → 河")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    done = finish(in_a_process("ask", "x", "--base-url", loopback.url, "--proposer", "a"))

    assert (done.code, done.out) == (0, "Mara??n ? ?\n")


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("langgraph-moa 0.")
