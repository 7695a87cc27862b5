"""Each model is asked one short question; who answers, and what its server takes, is told side by side, and kept."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import Output, Run
from langgraph_moa.apps.remembered import cache_file
from langgraph_moa.core.models.servers import SERVERS
from loopback import Loopback, Reply
from syrupy.assertion import SnapshotAssertion

KEY = "sk-not-for-any-file-0123456789"
ALL = {"n": "yes", "tools": "yes", "streaming": "yes", "system": "yes", "temperature": "yes"} | {
    "reasoning_effort": "yes",
    "images": "yes",
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep the user's own memory, and the process's, out of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", KEY)
    SERVERS.forget()
    yield
    SERVERS.forget()


def part_of(body: dict[str, Any]) -> str | None:
    """Say which probe a request is."""
    for part in ("tools", "temperature", "reasoning_effort"):
        if part in body:
            return part
    if body.get("n", 1) > 1:
        return "n"
    if body.get("stream"):
        return "streaming"
    if body["messages"][0]["role"] == "system":
        return "system"
    return "images" if isinstance(body["messages"][-1]["content"], list) else None


def able(body: dict[str, Any]) -> Reply:
    """Answer as a model does that takes all there is."""
    part = part_of(body)
    if part == "tools":
        return Reply("", tool_calls=[("tell_time", {"city": "Lima"})])
    return Reply({"images": "Red.", "streaming": "one two three four"}.get(part or "", "yes"), served="able-2026")


def unable(**refused: Reply) -> Any:
    """Make a model that answers some probes otherwise."""

    def script(body: dict[str, Any]) -> Reply:
        part = part_of(body)
        return refused[part] if part in refused else able(body)

    return script


def says(status: int, words: str) -> Reply:
    return Reply(status=status, body=json.dumps({"error": {"message": words}}))


def check(run: Run, server: Loopback, *more: str, models: tuple[str, ...] = ("m",)) -> Output:
    seats = [word for model in models for word in ("--proposer", model)]
    return run("check", "--no-settings", "--base-url", server.url, *seats, *more)


def takes(output: Output, number: int = 0) -> dict[str, str]:
    model = json.loads(output.out)["models"][number]
    return {name: taken["verdict"] for name, taken in model["takes"].items()}


def test_whoever_is_asked_is_checked_wherever_it_sits(run: Run) -> None:
    seats = ("--proposer", "offline:words", "--aggregator", "offline:stems", "--moderator", "offline:phrases")
    output = run("check", "--no-settings", "--quick", "--json", "--system", "smoa", *seats)

    assert [(model["model"], model["asked_as"]) for model in json.loads(output.out)["models"]] == [
        ("offline:words", ["proposer"]),
        ("offline:stems", ["aggregator"]),
        ("offline:phrases", ["moderator"]),
    ]


def test_one_model_with_two_keys_headers_or_bodies_is_checked_with_each(
    run: Run, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_A", f"{KEY}-a")
    monkeypatch.setenv("KEY_B", f"{KEY}-b")
    rows = ['api_key_env="KEY_A"', 'api_key_env="KEY_B"', 'extra_body={route="x"}', 'headers={X-Team="red"}', ""]
    seats = [f'{{model="m", name="p{n}", base_url="{loopback.url}", {row}}}' for n, row in enumerate(rows)]
    seats = [seat.replace(", }", "}") for seat in seats]
    for transport in ("lean", "openai"):
        loopback.requests.clear()
        (tmp_path / "moa.toml").write_text(f"proposers=[{', '.join(seats)}]\naggregator={seats[0]}", encoding="utf-8")
        output = run("check", "--config", str(tmp_path / "moa.toml"), "--quick", "--json", "--transport", transport)

        models = json.loads(output.out)["models"]
        assert [model["asked_as"] for model in models] == [
            ["proposer p0", "aggregator p0"],
            *[[f"proposer p{n}"] for n in range(1, 5)],
        ]
        assert len(loopback.requests) == 5
        assert KEY not in output.out + output.err


def test_one_that_takes_everything(run: Run, loopback: Loopback) -> None:
    loopback.say("m", able)

    output = check(run, loopback, "--json")

    (model,) = json.loads(output.out)["models"]
    assert (output.code, takes(output)) == (0, ALL)
    assert (model["served_model"], model["status"], model["calls"]) == ("able-2026", "ok", 8)
    assert model["usage"]["total_tokens"] == loopback.tokens_billed
    assert len(loopback.requests) == 8
    assert {request.body["max_tokens"] for request in loopback.requests} == {512}
    assert model["asked_as"] == ["proposer", "aggregator"]
    assert "1 model, at most 8 calls" in output.err


REFUSING: dict[str, tuple[dict[str, Reply], dict[str, str]]] = {
    "openai": (
        {
            "n": says(400, "Unsupported value: 'n' does not support 2 with this model."),
            "temperature": says(400, "Unsupported value: 'temperature' does not support 0.5 with this model."),
            "streaming": says(400, "Your organization must be verified to stream this model."),
        },
        {"n": "no", "temperature": "no", "streaming": "no"},
    ),
    "llama.cpp": (
        {
            "images": says(500, "image input is not supported - hint: you may need to provide the mmproj"),
            "tools": says(500, "tools param requires --jinja flag"),
            "n": says(400, "Field 'n': Value must be between 1 <= value <= 1"),
        },
        {"images": "no", "tools": "no", "n": "no"},
    ),
    "ollama": (
        {
            "tools": says(400, "registry.ollama.ai/library/gemma3:latest does not support tools"),
            "reasoning_effort": says(400, '"gemma3" does not support thinking'),
            "images": Reply("I see no picture."),
        },
        {"tools": "no", "reasoning_effort": "no", "images": "ignored"},
    ),
    "vllm": (
        {
            "tools": says(400, '"auto" tool choice requires --enable-auto-tool-choice'),
            "images": says(400, "m is not a multimodal model"),
            "system": says(400, "System role not supported"),
        },
        {"tools": "no", "images": "no", "system": "no"},
    ),
    "litellm": (
        {"n": says(400, "litellm.UnsupportedParamsError: x does not support parameters: {'n': 2}")},
        {"n": "no"},
    ),
    "one that ignores": (
        {"tools": Reply("It is noon."), "images": Reply("Blue"), "streaming": Reply("one")},
        {"tools": "ignored", "images": "ignored", "streaming": "ignored"},
    ),
    "one that is blind": ({"images": Reply("I'm sorry, no picture was shared.")}, {"images": "ignored"}),
    "one that says nothing": (
        {
            "tools": says(429, "Too many requests with tools"),
            "images": Reply(broken="reset"),
            "n": says(400, "Bad Request"),
            "temperature": says(503, "temperature of the machine"),
            "system": Reply(status=200, body="<html>"),
        },
        dict.fromkeys(("tools", "images", "n", "temperature", "system"), "unknown"),
    ),
}


@pytest.mark.parametrize("server", REFUSING)
def test_what_it_refuses_ignores_and_nobody_knows(run: Run, loopback: Loopback, server: str) -> None:
    refused, expected = REFUSING[server]
    loopback.say("m", unable(**refused))

    output = check(run, loopback, "--json")

    assert (output.code, takes(output)) == (0, ALL | expected)
    assert len(loopback.requests) == 8


def test_a_server_that_gives_one_choice_ignores_n(run: Run, loopback: Loopback) -> None:
    loopback.most_choices = 1
    loopback.say("m", able)

    assert takes(check(run, loopback, "--json")) == ALL | {"n": "ignored"}


def test_one_that_hangs_over_a_probe_is_not_known_to_refuse_it(run: Run, loopback: Loopback) -> None:
    loopback.say("m", unable(n=Reply(broken="hang")))

    output = check(run, loopback, "--json", "--timeout", "1.5")

    assert takes(output)["n"] == "unknown"
    assert json.loads(output.out)["models"][0]["takes"]["n"]["why"] == "no answer within 1.5 s"


def test_who_does_not_answer_fails_the_check_and_is_asked_no_more(run: Run, loopback: Loopback) -> None:
    loopback.say("a", able)
    loopback.say("b", says(401, f"Incorrect key {KEY}"))
    loopback.say("c", says(429, "slow down"))

    output = check(run, loopback, "--json", models=("a", "b", "c"))

    models = json.loads(output.out)["models"]
    assert (output.code, json.loads(output.out)["answers"]) == (1, False)
    assert [model["answers"] for model in models] == [True, False, False]
    assert [model["status"] for model in models] == ["ok", "error", "rate_limited"]
    assert {*takes(output, 1).values()} == {"not asked"}
    assert len(loopback.asked("b")) == 1
    assert KEY not in output.out + output.err


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_on_screens(
    monkeypatch: pytest.MonkeyPatch, run: Run, loopback: Loopback, columns: int, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("langgraph_moa.apps.check.command._seconds", lambda call: "0.10")
    loopback.say("able", able)
    loopback.say("b", says(429, "slow down"))
    loopback.say("less", unable(tools=says(400, "less does not support tools"), images=Reply("I see none.")))

    output = check(run, loopback, models=("able", "less"))

    assert output.out == snapshot


def test_quick_asks_once_and_keeps_nothing(run: Run, loopback: Loopback) -> None:
    output = check(run, loopback, "--quick", models=("a", "b"))

    assert (output.code, len(loopback.requests)) == (0, 2)
    assert "images" not in output.out
    assert not cache_file().exists()  # type: ignore[union-attr]


def test_an_estimate_asks_nobody_and_a_budget_is_kept_to(run: Run, loopback: Loopback) -> None:
    bound = check(run, loopback, "--estimate", "--json", models=("a", "b"))
    refused = check(run, loopback, "--budget", "calls=15", models=("a", "b"))

    assert json.loads(bound.out)["calls"] == 16
    assert refused.code == 1
    assert "found too small a budget for checking, Budget(calls=15): 0 are spent, the step may take 16" in refused.err
    assert loopback.requests == []
    assert check(run, loopback, "--budget", "calls=16", "--quick", models=("a", "b")).code == 0


def test_what_is_not_counted_of_one_call_is_unknown_of_all(run: Run, loopback: Loopback) -> None:
    def silent(body: dict[str, Any]) -> Reply:
        return replace(able(body), usage="counted" if part_of(body) == "tools" else None)

    loopback.say("a", silent)
    loopback.say("b", unable(n=Reply(broken="reset")))
    loopback.say("c", unable(n=says(429, "slow down"), tools=says(500, "tools are not supported")))

    output = check(run, loopback, "--json", models=("a", "b", "c"))

    models = json.loads(output.out)["models"]
    assert [(model["usage"], model["usd"]) for model in models[:2]] == [(None, None)] * 2
    assert models[2]["usage"]["total_tokens"] > 0  # what is refused costs nothing
    shown = " ".join(check(run, loopback, models=("a",)).out.split())
    assert "unknown unknown able-2026" in shown


def test_a_call_that_the_budget_cuts_counts_as_one(run: Run, loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))
    loopback.say("late", unable(n=Reply(broken="hang")))

    output = check(run, loopback, "--budget", "seconds=2", "--json", models=("m", "late"))

    models = json.loads(output.out)["models"]
    calls = [len(loopback.asked(name)) for name in ("m", "late")]
    assert [(model["calls"], model["usage"], model["usd"]) for model in models] == [(n, None, None) for n in calls]
    assert calls[0] == 1


def test_its_help_names_its_own_bounds(run: Run) -> None:
    text = " ".join(run("check", "--help").out.split())

    assert "Seconds that one call may take; 60 where not given." in text
    assert "Limit of tokens of each answer; 512 where not given." in text


def test_a_budget_of_seconds_ends_it_and_what_is_missing_is_unknown(run: Run, loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))

    output = check(run, loopback, "--budget", "seconds=1")

    assert output.code == 1
    assert "answers: unknown" in output.out or "unknown" in output.out
    assert "Budget(seconds=1) is spent" in output.err


def test_what_is_known_is_shown_and_used_by_later_commands(run: Run, loopback: Loopback) -> None:
    refuses = says(400, "Unsupported value: 'temperature' does not support 0.5 with this model.")
    loopback.say("m", unable(temperature=refuses, n=says(400, "'n' : number must be at most 1 with this model")))
    check(run, loopback)
    SERVERS.forget()  # another process
    loopback.requests.clear()

    shown = run("check", "--remembered")
    listed = run("check", "--remembered", "--json")
    given = ("--no-settings", "--base-url", loopback.url, "--proposer", "m", "--temperature", "0.7")
    answer = run("ask", "Which?", *given, "--samples", "2", "--no-stream", "--early-stop", "off")

    file = cache_file()
    assert file is not None
    assert (answer.code, len(loopback.requests)) == (0, 3)
    assert not [r for r in loopback.requests if "temperature" in r.body or r.n > 1]
    assert loopback.url in shown.out
    assert json.loads(listed.out)["servers"][0]["takes"] == ALL | {"temperature": "no", "n": "no"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert KEY not in file.read_text(encoding="utf-8")


def test_models_of_this_machine_work_too(run: Run) -> None:
    output = run("check", "--no-settings", "--proposer", "offline:words", "--aggregator", "offline:words", "--json")

    assert output.code == 0
    assert takes(output) == ALL | dict.fromkeys(("n", "temperature", "reasoning_effort"), "not asked") | {
        "images": "ignored"
    }


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("--remembered", "--quick"), "found --remembered with --quick or --estimate, expected it alone"),
    (("--remember",), "No such option: --remember"),
    (("--budget", "calls"), "found --budget calls, expected a limit and its number"),
]


@pytest.mark.parametrize(("options", "expected"), MISTAKES)
def test_mistakes(run: Run, options: tuple[str, ...], expected: str) -> None:
    output = run("check", "--no-settings", *options)

    assert output.code == 2
    assert expected in output.err
