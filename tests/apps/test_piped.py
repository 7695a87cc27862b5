"""What comes through a pipe is asked as what stands in a file is, or refused in a sentence."""

import io
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from commands import Output, Run, finish, in_a_process
from langgraph_moa import ConfigError
from langgraph_moa.apps.piped import is_piped, read_again
from sums import FEW

RECORD = '{"responses": {"a": "#### 1", "b": "#### 1"}, "gold": 1}\n'
TWO = ["--system", "offline:words", "--system", "offline:stems"]
COMMANDS = {
    "batch": lambda given: ["batch", given, "rows.jsonl", "--preset", "offline"],
    "mt_bench": lambda given: ["batch", given, "o.jsonl", "--preset", "offline", "--format", "mt_bench"],
    "alpaca_eval": lambda given: ["batch", given, "o.json", "--preset", "offline", "--format", "alpaca_eval"],
    "flask": lambda given: ["batch", given, "o.jsonl", "--preset", "offline", "--format", "flask"],
    "compare": lambda given: ["compare", given, *TWO],
    "calibrate": lambda given: ["calibrate", given],
}
CONTENTS = {
    "batch": FEW,
    "mt_bench": '{"question_id": 1, "turns": ["What is 2 * 3?", "And 4 * 5?"]}\n',
    "alpaca_eval": '[{"instruction": "What is 2 * 3?"}]',
    "flask": '{"question_id": 1, "text": "What is 2 * 3?"}\n',
    "compare": FEW,
    "calibrate": RECORD,
}
OUTCOMES = {
    "batch": "8 questions: 8 answered",
    "mt_bench": "1 question: 1 answered",
    "alpaca_eval": "1 question: 1 answered",
    "flask": "1 question: 1 answered",
    "compare": "8 questions; graded by answer",
    "calibrate": "1 questions, 1 with gold",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_standard_input(content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    return "-"


def as_descriptor(content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Be what a shell makes of `<(...)`."""
    reading, writing = os.pipe()
    os.write(writing, content.encode())
    os.close(writing)
    return f"/dev/fd/{reading}"


def as_descriptor_that_does_not_wait(content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as stream:
            for line in content.splitlines(keepends=True):
                stream.write(line.encode())

    Thread(target=write).start()
    return f"/dev/fd/{reading}"


def as_socket(content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Be what some programs give their children as standard input."""
    ours, theirs = socket.socketpair()
    ours.sendall(content.encode())
    ours.close()
    return f"/dev/fd/{theirs.detach()}"


def as_named_pipe(content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    os.mkfifo("pipe")
    Thread(target=Path("pipe").write_text, args=[content]).start()
    return "pipe"


Pipe = Callable[[str, pytest.MonkeyPatch], str]
PIPES = [as_standard_input, as_descriptor, as_descriptor_that_does_not_wait, as_socket, as_named_pipe]


@pytest.mark.parametrize("pipe", PIPES, ids=lambda pipe: pipe.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_reads_each_kind_of_pipe(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, pipe: Pipe
) -> None:
    given = pipe(CONTENTS[command], monkeypatch)

    done = run(*COMMANDS[command](given))

    if given.startswith("/dev/fd/"):
        os.close(int(given.rpartition("/")[2]))
    assert done.code == 0, done.err
    assert done.out.startswith(OUTCOMES[command])
    assert f"are read from {'standard input' if given == '-' else given}" in done.err
    assert not list(Path().glob("*.questions*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_standard_input_that_is_empty_or_closed_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    as_standard_input("", monkeypatch)
    empty = run(*COMMANDS[command]("-"))
    monkeypatch.setattr(sys, "stdin", None)
    closed = run(*COMMANDS[command]("-"))

    assert (empty.code, closed.code) == (1, 1)
    assert "error: found no " in empty.err
    assert "error: found standard input closed, expected " in closed.err


@pytest.mark.parametrize(
    ("given", "told"),
    [("sock", "error: found a socket, sock, expected a file, a pipe, or -"), ("/dev/zero", "a device")],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_never_ends_and_what_nobody_can_open_is_refused(run: Run, command: str, given: str, told: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")

    done = run(*COMMANDS[command](given))

    assert (done.code, told in done.err) == (1, True), done.err
    assert {path.name for path in Path().iterdir()} == {"sock"}


def test_a_wrong_line_is_named_by_what_was_piped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    as_standard_input(FEW + '{"question', monkeypatch)

    done = run(*COMMANDS["batch"]("-"))

    assert done.code == 1
    assert "error: found no JSON in line 9 of standard input, expected an object on one line" in done.err
    assert not list(Path().iterdir())


def again(run: Run, monkeypatch: pytest.MonkeyPatch, content: str, *flags: str) -> Output:
    as_standard_input(content, monkeypatch)
    return run(*COMMANDS["batch"]("-"), *flags)


def test_the_same_command_goes_on_and_other_questions_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    some = again(run, monkeypatch, FEW, "--budget", "calls=20")
    copy = Path("rows.jsonl.questions")
    lines = Path("rows.jsonl").read_text().count("\n")
    other = again(run, monkeypatch, '{"question": "Another?"}\n')

    assert (some.code, copy.read_text(), copy.stat().st_mode & 0o777) == (1, FEW, 0o600)
    assert 0 < lines < 8
    assert some.err.endswith("the questions are in rows.jsonl.questions, which does as IN too\n")
    assert other.code == 1
    assert "which is none of the questions" in other.err
    assert copy.read_text() == FEW, "what is refused takes the place of nothing"

    done = again(run, monkeypatch, FEW)

    assert (done.code, f"8 questions, {lines} done before" in done.err) == (0, True)
    assert {path.name for path in Path().iterdir()} == {"rows.jsonl"}


def test_a_comparison_that_is_kept_keeps_what_was_piped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    as_standard_input(FEW, monkeypatch)
    first = run(*COMMANDS["compare"]("-"), "--keep", "kept")
    copy = Path("kept/_questions.ndjson")
    as_standard_input(FEW.splitlines(keepends=True)[0], monkeypatch)
    fewer = run(*COMMANDS["compare"]("-"), "--keep", "kept")
    later = run(*COMMANDS["compare"](str(copy)), "--keep", "kept")

    assert [first.code, fewer.code, later.code] == [0, 1, 0]
    assert copy.read_text() == FEW
    assert "8 questions, 8 done before" in later.err


def test_a_pipe_is_copied_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        left = 100

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1 << 20
            self.left -= 1
            return b"x" * size if self.left > 0 else b""

    class Standard:
        buffer = Endless()
        isatty = staticmethod(lambda: False)

    monkeypatch.setattr(sys, "stdin", Standard())

    with read_again(Path("-"), what="questions") as source:
        assert source.path.stat().st_size == 99 << 20
    assert not source.path.exists()


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    as_standard_input(FEW, monkeypatch)
    (folder / "kept.new").symlink_to("/dev/full")

    with (
        pytest.raises(ConfigError, match=r"^standard input cannot be copied to .*kept\.new: No space left .*make room"),
        read_again(Path("-"), what="questions", home=folder / "kept", beside=True),
    ):
        pass
    assert not list(folder.iterdir())


def test_a_file_is_read_where_it_is(folder: Path) -> None:
    (folder / "q").write_text(FEW)

    with read_again(folder / "q", what="questions") as source:
        assert (source.path, source.name, source.copy) == (folder / "q", str(folder / "q"), None)
    assert not is_piped(folder)
    assert not is_piped(folder / "nothing")


@pytest.mark.parametrize("is_held", [False, True], ids=["nobody writes", "somebody does not go on"])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", ["batch", "mt_bench", "compare", "calibrate"])
def test_one_signal_ends_it_while_it_waits(command: str, sent: signal.Signals, code: int, is_held: bool) -> None:
    os.mkfifo("pipe")
    held = os.open("pipe", os.O_RDWR) if is_held else None
    process = in_a_process(*COMMANDS[command]("pipe"))
    assert process.stderr
    with suppress(StopIteration):
        while "are read from pipe" not in next(process.stderr):
            pass

    process.send_signal(sent)
    done = finish(process)

    if held is not None:
        os.close(held)
    assert (done.code, done.out, done.err) == (code, "", "stopped before anything was asked\n")
    assert [path.name for path in Path().iterdir()] == ["pipe"]
