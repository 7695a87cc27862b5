"""What `--verbose` tells, and what it never does."""

import json
import logging
import re
from pathlib import Path

import pytest
from commands import Run
from langgraph_moa.apps.logbook import tell, told_more
from loopback import Loopback, Reply

KEY = "tiger-burning-bright"
AGAIN = {"x-should-retry": "true"}
TWO = ["--proposer", "a", "--proposer", "b", "--aggregator", "z"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", KEY)
    monkeypatch.setattr("langgraph_moa.core.wire.sending._FIRST_WAIT", 0.01)


def lines(err: str) -> list[str]:
    """Return what was told more, without its seconds."""
    return [line.partition(" s  ")[2] for line in err.splitlines() if re.match(r" +\d+\.\d{3} s  ", line)]


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_it_tells_versions_settings_who_is_asked_where_and_what_came_of_it(
    run: Run, loopback: Loopback, flag: str
) -> None:
    Path("moa.toml").write_text(f'base_url = "{loopback.url}"\ntimeout = 60.0\n')
    loopback.say("a", lambda body: Reply(status=503, headers=AGAIN) if len(loopback.asked("a")) == 1 else Reply("up"))
    loopback.say("b", Reply(status=400, body='{"error": {"message": "no such thing"}}'))

    done = run("ask", "Which?", *TWO, flag, "--no-stream")

    told = lines(done.err)
    assert done.out == "answer of z\n"
    assert re.match(r"langgraph-moa \S+, langgraph \S+, langchain-core \S+, Python \S+, \w+$", told[0])
    assert f"settings: moa.toml; servers: {loopback.url}" in done.err
    assert told[1] == "settings: it sets base_url, timeout"
    assert f"proposer a: asking a at {loopback.url}, for 60 s at most" in told
    assert any(line.startswith(f"{loopback.url}: try 1 of 3 failed: Error code: 503") for line in told)
    assert any(re.match(r"proposer a: ok after \d+\.\d{3} s, 1 retry, \d+ tokens", line) for line in told)
    assert any(re.match(r"proposer b: error after \d+\.\d{3} s; .*no such thing", line) for line in told)
    assert any(line.startswith("aggregator z: ok after") for line in told)


def test_without_the_flag_nothing_more_is_told_even_after_one_with_it(run: Run) -> None:
    run("ask", "1+1", "-v")
    before = logging.getLogger("langgraph_moa").handlers

    assert lines(run("ask", "1+1").err) == []
    assert before == []


def test_what_a_server_says_is_one_line_without_controls_and_keys(run: Run, loopback: Loopback) -> None:
    words = f"red \x1b[31m\u202e{KEY}\nline two " + "x" * 5_000
    loopback.default = Reply(status=503, headers=AGAIN, body=json.dumps({"error": {"message": words}}))

    done = run("ask", "Which?", "--base-url", loopback.url, "--proposer", "a", "-v")

    assert done.code == 1
    assert KEY not in done.err
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", done.err)
    assert any("try 1 of 3 failed" in line and "line two" in line for line in lines(done.err))
    assert max(map(len, lines(done.err))) <= 600


def test_what_is_asked_again_without_is_told(run: Run, loopback: Loopback) -> None:
    def picky(body: dict[str, object]) -> Reply:
        refusal = json.dumps({"error": {"message": "stream_options is not supported"}})
        return Reply(status=400, body=refusal) if "stream_options" in body else Reply("so be it")

    loopback.say("z", picky)

    done = run("ask", "Which?", "--base-url", loopback.url, *TWO, "-v")

    assert done.out == "so be it\n"
    assert any("asked again without stream_options" in line for line in lines(done.err))
    assert any(
        line.startswith("aggregator z: ok after") and "without stream_options" in line for line in lines(done.err)
    )


def test_it_is_told_of_many_questions_too(run: Run, loopback: Loopback) -> None:
    Path("q.jsonl").write_text('{"question": "1+1", "gold": "2"}\n{"question": "2+2", "gold": "4"}\n')
    given = ["--base-url", loopback.url, *TWO, "-v"]

    batch, compared = run("batch", "q.jsonl", "rows.jsonl", *given), run("compare", "q.jsonl", *given)

    assert sum(line.startswith("aggregator z: asking z at") for line in lines(batch.err)) == 2
    assert sum(bool(re.match("(aggregator|proposer) a: ok after", line)) for line in lines(compared.err)) == 4


def test_no_other_packages_records_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with told_more(wanted=True):
        logging.getLogger("httpx").warning("Authorization: %s", KEY)
        logging.getLogger("langgraph_moa.somewhere").debug("%s", f"Bearer {KEY} \x1b[2J")
        tell("of ours")

    assert list(lines(capsys.readouterr().err))[1:] == ["Bearer [redacted] [2J", "of ours"]
