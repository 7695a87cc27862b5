"""Pictures, PDFs and sound go through a mixture over real HTTP: who cannot read them is told of, nothing is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    BudgetExceeded,
    InputError,
    Moderator,
    Proposer,
    Rank,
    Vote,
    create_grouped_moa,
    create_moa,
    create_self_moa_seq,
    create_single,
    estimate,
)
from langgraph_moa.core.models.servers import SERVERS
from loopback import Loopback, Reply
from pictures import AS_OPENAI, PICTURE, PNG, asking, in_base64, pdf_of, png, wav
from pydantic import SecretStr
from syrupy.assertion import SnapshotAssertion

EYES, BLIND = "gpt-4o", "gpt-3.5-turbo"
"""By their profiles, one reads pictures and PDFs, the other text only; nobody knows what `m` reads."""
NO_IMAGES = {"error": {"message": "this model does not support image input", "type": "invalid_request_error"}}
NOTE = "[a picture stood here that you cannot see]"


def mixture(server: Loopback, *proposers: Any, aggregator: Any = EYES, **options: Any) -> Any:
    return create_moa(proposers=list(proposers), aggregator=aggregator, resolve=server.resolve, **options)


def refusing(status: int = 400) -> Any:
    """Refuse whatever has a picture in it."""

    def script(body: dict[str, Any]) -> Reply:
        has_picture = '"image_url"' in json.dumps(body["messages"])
        return Reply(status=status, body=json.dumps(NO_IMAGES)) if has_picture else Reply("from the text")

    return script


@pytest.fixture(autouse=True)
def nothing_known() -> Any:
    SERVERS.forget()
    yield
    SERVERS.forget()


async def ask(moa: Any, *messages: Any) -> Any:
    return await moa.ainvoke({"messages": [*messages] or [asking(PICTURE)]})


@pytest.mark.parametrize("transport", [None, "openai"])
async def test_what_agent_chat_ui_sends_is_read(
    loopback: Loopback, monkeypatch: Any, tmp_path: Path, transport: str | None
) -> None:
    if transport:
        monkeypatch.setenv("MOA_TEST_TRANSPORT", transport)
    picture = {"type": "image", "mimeType": "image/png", "data": PNG, "metadata": {"name": "a.png"}}
    paper = {"type": "file", "mimeType": "application/pdf", "data": in_base64(pdf_of(tmp_path, 1))}

    await ask(mixture(loopback, "m"), asking(picture, {**paper, "metadata": {"filename": "a.pdf"}}))

    for request in loopback.requests:
        (sent,) = [m["content"] for m in request.messages if isinstance(m["content"], list)]
        seen, paper = [part for part in sent if part["type"] != "text"]
        assert seen == AS_OPENAI
        assert paper["file"]["filename"] == "a.pdf"
        assert paper["file"]["file_data"].startswith("data:application/pdf;base64,")


async def test_who_cannot_see_is_skipped_and_an_aggregator_gets_a_note(
    loopback: Loopback, snapshot: SnapshotAssertion
) -> None:
    state = await ask(mixture(loopback, EYES, "m", BLIND, aggregator="gpt-4"))

    assert [(p["status"], p["obstacle"] and p["obstacle"]["why"]) for p in state["proposals"]] == [
        ("ok", None),
        ("ok", None),
        ("skipped", "media"),
    ]
    assert loopback.asked(BLIND) == []
    assert state["run"]["calls"] == 3
    assert "1 of 3 proposals of layer 1 are missing (gpt-3.5-turbo: skipped)" in state["run"]["degraded"]
    assert state["run"]["aggregators"][0]["left_out"] == ["images"]
    assert any("gpt-4: its server or model takes no pictures" in note for note in state["run"]["notes"])
    assert {r.model: r.messages for r in loopback.requests} == snapshot


@pytest.mark.parametrize("block", [PICTURE, AS_OPENAI], ids=["standard", "OpenAI's"])
async def test_both_transports_send_a_picture_alike(loopback: Loopback, block: Any) -> None:
    chat = ChatOpenAI(model=EYES, base_url=loopback.url, api_key=SecretStr("k"))

    await ask(mixture(loopback, EYES, Proposer(chat, name="other"), aggregator=Vote()), asking(block))

    ours, theirs, *_ = loopback.requests
    assert ours.messages == theirs.messages
    assert ours.messages[-1]["content"][-1] == AS_OPENAI


async def test_a_chat_model_that_cannot_see_is_skipped_too(loopback: Loopback) -> None:
    chat = ChatOpenAI(model=BLIND, base_url=loopback.url, api_key=SecretStr("k"))

    state = await ask(mixture(loopback, EYES, chat.with_retry(), "m"))

    assert [p["status"] for p in state["proposals"]] == ["ok", "skipped", "ok"]


async def test_a_fallback_that_can_see_keeps_its_seat(loopback: Loopback) -> None:
    seeing, blind = (ChatOpenAI(model=name, base_url=loopback.url, api_key=SecretStr("k")) for name in (EYES, BLIND))

    state = await ask(mixture(loopback, blind.with_fallbacks([seeing]), EYES))

    assert [p["status"] for p in state["proposals"]] == ["ok", "ok"]


async def test_the_text_alone_is_given_where_that_is_wanted(loopback: Loopback) -> None:
    state = await ask(mixture(loopback, EYES, Proposer(BLIND, unreadable="text")))

    assert [(p["status"], p["left_out"]) for p in state["proposals"]] == [("ok", []), ("ok", ["images"])]
    assert loopback.asked(BLIND)[0].messages[-1]["content"] == f"What is this?\n\n{NOTE}"
    assert any("gpt-3.5-turbo: its server or model takes no pictures" in note for note in state["run"]["notes"])


async def test_a_pdf_and_sound_go_to_who_reads_them(loopback: Loopback, tmp_path: Path) -> None:
    pdf: Any = {
        "type": "file",
        "base64": in_base64(pdf_of(tmp_path, 2)),
        "mime_type": "application/pdf",
        "filename": "a",
    }
    sound: Any = {"type": "audio", "base64": in_base64(wav()), "mime_type": "audio/wav"}

    read = await ask(mixture(loopback, EYES, "m", BLIND), asking(pdf))
    heard = await ask(mixture(loopback, EYES, "m", BLIND), asking(sound))

    assert [p["status"] for p in read["proposals"]] == ["ok", "ok", "skipped"]
    assert [p["status"] for p in heard["proposals"]] == ["skipped", "ok", "skipped"]
    assert "found sound, which gpt-4o cannot read" in heard["proposals"][0]["error"]
    assert (
        loopback.requests[0]
        .messages[-1]["content"][-1]["file"]["file_data"]
        .startswith("data:application/pdf;base64,JVBER")
    )
    assert loopback.asked("m")[1].messages[-1]["content"][-1]["input_audio"]["format"] == "wav"


@pytest.mark.parametrize("options", [{}, {"layers": 3}, {"waves": (2,)}, {"early_stop": None}])
async def test_where_nobody_can_see_nobody_is_asked(loopback: Loopback, options: Any) -> None:
    moa = mixture(loopback, BLIND, "gpt-4", Proposer(BLIND, name="b"), **options)

    with pytest.raises(
        InputError, match="found a picture in the conversation, expected a model that can read it"
    ) as caught:
        await ask(moa)

    assert "gpt-3.5-turbo, gpt-4 cannot" in str(caught.value)
    assert loopback.requests == []


async def test_a_model_alone_must_see_for_itself(loopback: Loopback) -> None:
    with pytest.raises(InputError, match="cannot; nothing was asked"):
        await ask(create_moa(proposers=[BLIND], layers=1, resolve=loopback.resolve))

    assert loopback.requests == []


async def test_a_model_alone_is_given_the_text_where_that_is_wanted(loopback: Loopback) -> None:
    state = await ask(create_single(model=Proposer(BLIND, unreadable="text"), resolve=loopback.resolve))

    assert state["run"]["aggregators"][0]["left_out"] == ["images"]
    assert loopback.requests[0].messages[-1]["content"] == f"What is this?\n\n{NOTE}"
    loopback.say("m", refusing())
    again = await ask(create_single(model=Proposer("m", unreadable="text"), resolve=loopback.resolve))
    assert again["messages"][-1].text == "from the text"


async def test_a_model_alone_that_turns_out_to_be_blind_answers_no_text_alone(loopback: Loopback) -> None:
    loopback.say("m", refusing())
    alone = create_single(model="m", resolve=loopback.resolve)

    with pytest.raises(AllProposersFailed, match="does not support image input"):
        await ask(alone)

    assert len(loopback.asked("m")) == 1


async def test_who_aggregates_groups_needs_no_eyes(loopback: Loopback) -> None:
    panel = [Proposer(EYES, name=name) for name in "abcd"]

    grouped = await ask(create_grouped_moa(proposers=panel, aggregator=BLIND, group=2, resolve=loopback.resolve))
    seq = create_self_moa_seq(model=EYES, samples=3, window=2, aggregator=BLIND, resolve=loopback.resolve)
    in_windows = await ask(seq)

    assert [p["status"] for p in grouped["proposals"]] == ["ok"] * 6
    assert [p["status"] for p in in_windows["proposals"]] == ["ok"] * len(in_windows["proposals"])
    assert len(loopback.asked(BLIND)) == 5


async def test_too_few_who_see_are_told_of_before_anybody_is_asked(loopback: Loopback) -> None:
    with pytest.raises(InputError, match="expected at least 2 models that can read it"):
        await ask(mixture(loopback, EYES, BLIND, min_proposals=2))

    assert loopback.requests == []


@pytest.mark.parametrize("status", [400, 404, 422, 500])
async def test_a_server_that_refuses_pictures_is_asked_once_and_remembered(loopback: Loopback, status: int) -> None:
    loopback.say("m", refusing(status))
    moa = mixture(loopback, EYES, "m")

    first, second = await ask(moa), await ask(moa)

    told, skipped = first["proposals"][1], second["proposals"][1]
    assert (told["status"], told["obstacle"]["why"], told["usd"]) == ("error", "media", 0.0)
    assert "does not support image input" in told["error"]
    assert "ask another model, or give this one the text alone" in told["error"]
    assert (skipped["status"], skipped["obstacle"]["why"]) == ("skipped", "media")
    assert len(loopback.asked("m")) == 1


@pytest.mark.parametrize("role", ["aggregator", "moderator", "ranker", "proposer"])
async def test_who_needs_no_eyes_is_asked_again_with_the_text(loopback: Loopback, role: str) -> None:
    loopback.say("m", refusing(500))
    proposers: list[Any] = [EYES, Proposer(EYES, name="other")]
    every: dict[str, dict[str, Any]] = {
        "aggregator": {"aggregator": "m"},
        "moderator": {"moderator": Moderator("m", keep=1), "aggregator": EYES},
        "ranker": {"aggregator": Rank("m")},
        "proposer": {},
    }
    extra = [Proposer("m", unreadable="text")] if role == "proposer" else []

    state = await ask(mixture(loopback, *proposers, *extra, **every[role]))

    assert any("m: its server or model takes no pictures" in note for note in state["run"]["notes"])
    first, second = loopback.asked("m")
    assert NOTE not in first.prompt
    assert NOTE in second.prompt
    assert "image_url" not in second.prompt


async def test_a_picture_that_was_answered_keeps_nobody_from_the_next_question(loopback: Loopback) -> None:
    state = await ask(mixture(loopback, EYES, BLIND), asking(PICTURE), AIMessage("A cat."), HumanMessage("Whose?"))

    assert [(p["status"], p["left_out"]) for p in state["proposals"]] == [("ok", []), ("ok", ["images"])]
    assert NOTE in loopback.asked(BLIND)[0].prompt
    assert PNG in loopback.asked(EYES)[0].prompt


async def test_a_later_layer_skips_who_cannot_see(loopback: Loopback) -> None:
    state = await ask(mixture(loopback, EYES, "m", BLIND, layers=3, early_stop=None))

    assert [p["status"] for p in state["proposals"]] == ["ok", "ok", "skipped"] * 2
    assert state["run"]["calls"] == 5


async def test_a_budget_bounds_pictures_before_they_are_sent(loopback: Loopback) -> None:
    large: Any = {"type": "image", "base64": in_base64(png(3000, 2000)), "mime_type": "image/png"}
    options: dict[str, Any] = {"max_tokens": 100, "early_stop": None}
    free = mixture(loopback, EYES, "m", **options)

    with pytest.raises(BudgetExceeded, match="nothing was asked"):
        await ask(mixture(loopback, EYES, "m", **options, budget=Budget(tokens=10_000)), asking(large))
    assert loopback.requests == []
    bounds = [estimate(free, [asking(block)])["tokens"] or 0 for block in (PICTURE, large)]
    assert bounds[1] - bounds[0] == 3 * (108 * 72 - 2_240)
    skipping = estimate(mixture(loopback, EYES, BLIND, **options), [asking(PICTURE)])
    assert skipping["calls"] == 2


async def test_what_cannot_be_seen_fills_no_window(loopback: Loopback) -> None:
    address: Any = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}

    state = await ask(mixture(loopback, Proposer("m", context_tokens=4_000)), asking(address))

    assert state["proposals"][0]["status"] == "ok"
