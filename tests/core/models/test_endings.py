"""How an answer ended, in the words of every provider; and errors that are refusals or rate limits."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.models.endings import Ending, ending_of, error_status
from langgraph_moa.core.models.reasons import ENDINGS_FILE
from tables import each
from together import together

FACTS: dict[str, Any] = tomllib.loads(ENDINGS_FILE.read_text(encoding="utf-8"))
STATUSES = {"ok": "ok", "calls": "ok", "truncated": "truncated", "refused": "refused", "error": "error"}
ENDS = [
    (table["provider"], reason, kind) for table in FACTS["ends"] for kind in STATUSES for reason in table.get(kind, ())
]
UNENDED = [reason for table in FACTS["ends"] for reason in table.get("unended", ())]
ERRORS = [
    (table["provider"], says, status, field)
    for table in FACTS["errors"]
    for status in ("refused", "rate_limited")
    for field in (status, f"{status}_phrases")
    for says in table.get(field, ())
]

BY_PROVIDER = {
    "OpenAI": "stop ok, tool_calls ok, function_call ok, length truncated, content_filter refused",
    "OpenAI's Responses": "completed ok, max_output_tokens truncated, incomplete truncated, failed error, "
    "cancelled error",
    "Anthropic": "end_turn ok, stop_sequence ok, tool_use ok, max_tokens truncated, pause_turn truncated, "
    "refusal refused, model_context_window_exceeded truncated, compaction truncated",
    "Gemini": "STOP ok, MAX_TOKENS truncated, SAFETY refused, RECITATION refused, LANGUAGE refused, OTHER truncated, "
    "BLOCKLIST refused, PROHIBITED_CONTENT refused, SPII refused, IMAGE_SAFETY refused, MODEL_ARMOR refused, "
    "MALFORMED_FUNCTION_CALL error, UNEXPECTED_TOOL_CALL error, TOO_MANY_TOOL_CALLS truncated, "
    "MALFORMED_RESPONSE error",
    "Mistral": "model_length truncated, error error",
    "DeepSeek": "insufficient_system_resource error, content_filter refused",
    "z.AI": "sensitive refused, network_error error",
    "Together": "eos ok",
    "llama.cpp": "stop ok, length truncated, eos ok, word ok, limit truncated",
    "vLLM and SGLang": "abort error, repetition truncated",
    "text-generation-inference": "eos_token ok, stop_sequence ok",
    "Ollama": "stop ok, length truncated, load error, unload error",
    "LM Studio": "eosFound ok, stopStringFound ok, toolCalls ok, maxPredictedTokensReached truncated, "
    "contextLengthReached truncated, userStopped error, modelUnloaded error, failed error",
    "Cohere": "COMPLETE ok, STOP_SEQUENCE ok, TOOL_CALL ok, MAX_TOKENS truncated, ERROR error, TIMEOUT error, "
    "ERROR_LIMIT truncated, ERROR_TOXIC refused, USER_CANCEL error",
    "Bedrock": "guardrail_intervened refused, content_filtered refused, malformed_tool_use error, FINISHED ok",
    "xAI": "REASON_STOP ok, REASON_TOOL_CALLS ok, REASON_MAX_LEN truncated, REASON_MAX_CONTEXT truncated, "
    "REASON_TIME_LIMIT truncated, REASON_INVALID error",
    "Vercel": "content-filter refused, tool-calls ok, unknown truncated",
    "Gateways": "end ok, done ok, finished ok, success ok, eot ok, END ok",
    "nobody that is known": "elsewhere truncated, content_block_list refused, upstream_exception error, "
    "timed_out error, requestAborted error, user-cancelled error, by_our_policies refused, FILTERED refused, "
    "blockedByGuardrail refused, moderation_hit refused, toolong truncated, stopped? truncated, </s> truncated, "
    "停止 truncated, 429 truncated, stop.once truncated, default truncated, unfinished truncated, "
    "unsuccessful truncated, ended? truncated",
}
"""Written out once more, so that a slip in the file is seen."""
WRITTEN_OUT = [
    (provider, *reason.rsplit(" ", 1)) for provider, reasons in BY_PROVIDER.items() for reason in reasons.split(", ")
]


@together(("provider", "reason", "kind"), ENDS)
def test_reasons_of_a_provider_have_one_status(provider: str, reason: str, kind: str) -> None:
    assert ending_of(reason) == Ending(STATUSES[kind], (reason,), kind == "calls", True)  # type: ignore[arg-type]


@together(("provider", "reason", "status"), WRITTEN_OUT)
def test_important_reasons(provider: str, reason: str, status: str) -> None:
    ending = ending_of(reason)

    assert (ending.status, ending.reasons) == (status, (reason,))
    assert ending.is_known == (provider != "nobody that is known")


def test_every_table_says_where_it_is_from() -> None:
    for table in (*FACTS["ends"], *FACTS["errors"]):
        assert ("source" in table) != ("seen" in table), table["provider"]
        if "seen" in table:
            assert all(link.startswith("github.com/") for link in table["seen"].split("; "))
    assert FACTS["checked"].isoformat() >= "2026-11-29"


def test_no_usual_end_looks_like_an_error() -> None:
    words = {"".join(filter(str.isalpha, reason)).lower() for _, reason, kind in ENDS if STATUSES[kind] == "ok"}

    assert [word for word in words for marks in FACTS["within"].values() for mark in marks if mark in word] == []


@each("nothing", [None, "", "  ", [], {}, [None, ""], ()])
def test_nothing_told_is_no_reason(nothing: object) -> None:
    assert ending_of(nothing) == Ending("ok", (), False, True)


@together("word", UNENDED)
def test_what_has_not_ended_was_cut_unless_an_end_follows(word: str) -> None:
    assert ending_of(word) == Ending("truncated", (word,), False, True)
    assert ending_of(f"{word}{word}stop") == Ending("ok", ("stop",), False, True)
    assert ending_of([word, "content_filter"]).status == "refused"


@pytest.mark.parametrize(
    "end", ["tool_calls", "tool_callstool_calls", "stoptool_use", "lengthTOOL_CALL", ["function_call"]]
)
def test_calls_of_tools_are_told(end: object) -> None:
    assert ending_of(end).calls
    assert ending_of(end).status == ("truncated" if "length" in end else "ok")  # type: ignore[operator]


@pytest.mark.parametrize(
    "end", ["stop", "MALFORMED_FUNCTION_CALL", "malformed_tool_use", "TOO_MANY_TOOL_CALLS", "no calls"]
)
def test_other_reasons_call_no_tool(end: str) -> None:
    assert not ending_of(end).calls


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["stop", "length"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "reason", "x"]), inner) | st.tuples(inner),
)


@given(JSON)
def test_anything_is_an_end(end: object) -> None:
    ending = ending_of(end)

    assert ending.status in {"ok", "truncated", "refused", "error"}
    assert len(set(ending.reasons)) == len(ending.reasons)


@together(("provider", "says", "status", "field"), ERRORS)
def test_errors_of_a_provider_have_one_status(provider: str, says: str, status: str, field: str) -> None:
    if field == status:
        assert error_status([None, says.upper()], "anything at all") == status
        assert error_status([f"x{says}"], "") is None
    else:
        assert (
            error_status(["invalid_request_error", 400], f"Error code: 400 - {{'message': '{says} and more") == status
        )
        assert error_status([], f"Explain: why do I read {says}?") is None


@each(
    ("codes", "text", "status"),
    [
        (["content_filter", "ResponsibleAIPolicyViolation", 400], "", "refused"),
        ([400], "Error code: 400 - {'error': {'innererror': {'code': 'ResponsibleAIPolicyViolation'}}}", "refused"),
        ([None, "invalid_request_error"], "Content Exists Risk", "refused"),
        (["1301"], "", "refused"),
        ([1301], "", "refused"),
        (["DataInspectionFailed"], "", "refused"),
        ([403], "openai/gpt-6 requires moderation on Azure. Your input was flagged for \"violence\".", "refused"),
        ([403], "Error code: 403 - {'code': 'x', 'error': 'Content violates usage guidelines. Team: y'}", "refused"),
        (["invalid_request_error"], "Output blocked by content filtering policy", "refused"),
        ([429], "Provider returned error", "rate_limited"),
        (["429"], "", "rate_limited"),
        ([529, "overloaded_error"], "Overloaded", "rate_limited"),
        (["RESOURCE_EXHAUSTED"], "", "rate_limited"),
        (["400"], "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - odd", "refused"),
        (["ThrottlingException"], "", "rate_limited"),
        (["Throttling.RateQuota"], "", "rate_limited"),
        (["1302"], "", "rate_limited"),
        (["insufficient_quota"], "", "rate_limited"),
        ([" Rate_Limit_Exceeded "], "", "rate_limited"),
        ([429, "content_filter"], "", "refused"),
        ([None, 400, True, 1.5, b"429", {}, "4290", "x" * 9_999, -429, 10**5_000], "req_429abc: 429 tokens", None),
        ([500], "TypeError at /srv/server.mjs:429:7", None),
        ([400], '{"detail": "tools must not be empty", "prompt_token_ids": [9906, 429, 1234]}', None),
        ([400], "cannot parse: 'please explain what content_filter and Content Exists Risk mean'", None),
        ([403], "this key may not use gpt-6", None),
        ([], "x" * 2_000 + " - Content Exists Risk", None),
        ([], "", None),
    ],
)  # fmt: skip
def test_refusals_and_rate_limits_in_errors(codes: list[object], text: str, status: str | None) -> None:
    assert error_status(codes, text) == status


def test_a_code_says_more_than_words() -> None:
    assert error_status(["rate_limit_exceeded"], "Content Exists Risk") == "rate_limited"
