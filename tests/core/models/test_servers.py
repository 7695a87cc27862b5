"""What a server says of its models is read in part, and shown only where it is fit to be."""

import json
import socket
from functools import partial
from typing import Any

import pytest
from langgraph_moa import ConfigError, resolve_model
from langgraph_moa.core.models import servers
from langgraph_moa.core.models.capabilities import endpoint_of
from langgraph_moa.core.models.servers import SERVERS, prompt_room, served_models, told_names
from loopback import Loopback, Reply


def listing(*entries: Any) -> Reply:
    return Reply(body=json.dumps({"object": "list", "data": list(entries)}))


LISTS: dict[str, tuple[Any, dict[str, int | None]]] = {
    "llama.cpp": ({"data": [{"id": "a", "meta": {"n_ctx": 2048, "n_ctx_train": 8192}}], "models": []}, {"a": 2048}),
    "its router, nothing loaded": (
        {"data": [{"id": "a", "status": {"value": "unloaded"}}, {"id": "b", "meta": None}]},
        {"a": None, "b": None},
    ),
    "vLLM": ({"data": [{"id": "org/a", "max_model_len": 4096}]}, {"org/a": 4096}),
    "LM Studio": (
        {
            "data": [
                {"id": "a", "type": "llm", "max_context_length": 131072, "loaded_context_length": 4096},
                {"id": "b", "type": "vlm", "max_context_length": 32768},
                {"id": "c", "type": "embeddings", "max_context_length": 2048},
            ]
        },
        {"a": 4096, "b": 32768},
    ),
    "Ollama": ({"data": [{"id": "gemma3:4b", "object": "model", "owned_by": "library"}]}, {"gemma3:4b": None}),
    "Together": ([{"id": "a", "context_length": 8192}], {"a": 8192}),
    "names only": ({"models": [{"name": "a"}]}, {"a": None}),
    "nonsense": (
        {"data": [None, 3, "a", {}, {"id": 3}, {"id": ""}, {"id": "x" * 201}, {"id": "\x1b[31mred"}, {"id": "ok"}]},
        {"ok": None},
    ),
    "figures that are none": (
        {"data": [{"id": "a", "meta": {"n_ctx": True}, "max_model_len": -1, "context_length": "4096"}]},
        {"a": None},
    ),
    "none": ({"data": []}, {}),
}


@pytest.mark.parametrize(("body", "expected"), LISTS.values(), ids=LISTS)
def test_lists_of_models(loopback: Loopback, body: Any, expected: dict[str, int | None]) -> None:
    loopback.listing = Reply(body=json.dumps(body))
    model = resolve_model("x", base_url=loopback.url)

    assert dict(served_models(model)) == expected
    assert {name: SERVERS.window(endpoint_of(model), name) for name in expected} == expected


NO_LISTS: dict[str, tuple[Reply, str]] = {
    "another path": (Reply(status=404), "found HTTP 404 at http://127.0.0.1"),
    "wrong key": (Reply(status=401), "refuses the key (HTTP 401); set LANGGRAPH_MOA_API_KEY"),
    "loading": (
        Reply(status=503, body='{"error": {"message": "Loading model", "code": 503}}'),
        "is still loading its model; wait, and ask again",
    ),
    "a page": (Reply(body="<html>Open WebUI</html>"), "found a web page at"),
    "no JSON": (Reply(body="models: a, b"), "found something that is no JSON at"),
    "deep JSON": (Reply(body="[" * 200_000), "found something that is no JSON at"),
    "no list": (Reply(body='{"data": {"id": "a"}}'), "found JSON without a list of models"),
    "a flood": (Reply(body=" " * 5_000_000), "found more than 4,000,000 bytes"),
    "silence": (Reply(broken="hang"), "found no answer at"),
}


@pytest.mark.parametrize(("reply", "told"), NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_is_told_in_one_sentence(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, reply: Reply, told: str
) -> None:
    monkeypatch.setattr(servers, "_CONNECTING", 0.3 if reply.broken else 5.0)
    loopback.listing = reply

    with pytest.raises(ConfigError) as refused:
        served_models(resolve_model("x", base_url=loopback.url))

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_nobody_listens(loopback: Loopback) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        url = f"http://127.0.0.1:{port}/v1"
        with pytest.raises(ConfigError, match=rf"nothing listens at {url}; is the server running\?"):
            served_models(resolve_model("x", base_url=url))


def test_key_and_headers_go_along(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "tiger-burning")
    loopback.listing = listing({"id": "a"})
    ask = partial(resolve_model, "x", base_url=loopback.url)

    served_models(ask(api_key_env="MY_SERVER_KEY", headers={"X-Team": "red"}))
    served_models(ask(headers={"Authorization": "Basic abc"}))

    assert [(h["Authorization"], h.get("X-Team")) for h in loopback.listed] == [
        ("Bearer tiger-burning", "red"),
        ("Basic abc", None),
    ]


def test_many_names_are_told_in_part_and_the_nearest_first() -> None:
    names = [f"model-{n}" for n in range(50)] + ["qwen3:8b"]

    assert told_names(names, "qwen3:8").startswith("qwen3:8b, model-0, ")
    assert told_names(names).endswith(" and 41 more")
    assert told_names(["a", "a", "b"]) == "a, b"


def test_the_memory_is_bounded() -> None:
    for n in range(1_200):
        SERVERS.learn("http://a/v1/", f"m{n}", 4096)

    assert SERVERS.window("http://a/v1/", "m0") is None
    assert SERVERS.window("http://a/v1/", "m1199") == 4096
    assert SERVERS.window(None, "m1199") is None


@pytest.mark.parametrize(
    ("window", "answer", "room"), [(2048, 500, 1548), (2048, None, 1536), (2048, 2000, 1024), (2048, 4000, 1024)]
)
def test_what_a_window_leaves_for_the_prompt(window: int, answer: int | None, room: int) -> None:
    assert prompt_room(window, answer) == room
