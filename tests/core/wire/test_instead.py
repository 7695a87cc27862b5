"""An error that came with success is found however its server says so, and nothing else is taken for one."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.models.obstacles import fault_of
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.instead import error_in
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.replies import answers_of

FILTERED = {"hate": {"filtered": True, "severity": "high"}, "violence": {"filtered": False}}
LISTED = {"custom_blocklists": [{"filtered": True, "id": "x"}]}
ERRORS = [
    ({"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, "output new_sensitive", "refused"),
    ({"code": 429, "message": "quota exceeded"}, "quota exceeded", "rate_limited"),
    ({"code": "429", "msg": "quota exceeded"}, "quota exceeded", "rate_limited"),
    ({"status": 503}, "503", None),
    ({"detail": "model offline"}, "model offline", None),
    ({"success": False, "message": "model offline"}, "model offline", None),
    ({"x_groq": {"id": "r", "error": "over capacity"}}, "over capacity", None),
    ({"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERED}]}, "hate", "refused"),
    ({"prompt_filter_results": [{"content_filter_results": LISTED}]}, "custom_blocklists", "refused"),
    ({"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY", "refused"),
]
NOTHING = [
    {"usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}},
    {"code": 0, "message": "Success", "sid": "s"},
    {"code": "200", "msg": "OK"},
    {"base_resp": {"status_code": 0, "status_msg": "success"}},
    {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}]},
    {"x_groq": {"id": "r"}},
    {"type": "ping"},
    {"message": {"role": "assistant", "content": ""}},
    {"error": None, "detail": None},
]


def _chunk(sent: dict[str, Any]) -> bytes:
    return json.dumps(sent).encode()


@pytest.mark.parametrize("choices", [{"choices": None}, {"choices": []}, {}])
@pytest.mark.parametrize(("error", "words", "status"), ERRORS)
@pytest.mark.parametrize("is_whole", [True, False])
def test_an_error_beside_no_choices_is_one(
    choices: dict[str, Any], error: dict[str, Any], words: str, status: str | None, *, is_whole: bool
) -> None:
    stream = StreamedAnswer(provider="openai", model="m", secrets=[])
    stream.chunk(_chunk({"choices": [{"index": 0, "delta": {"content": "half"}}]}))
    whole = partial(answers_of, provider="openai", model="m", secrets=[])
    read: Callable[[bytes], object] = whole if is_whole else stream.chunk

    with pytest.raises(ServerError, match=words) as failed:
        read(_chunk({**choices, **error}))

    assert fault_of(failed.value) == status
    assert "found no choices" not in str(failed.value)


@pytest.mark.parametrize("choices", [{"choices": None}, {"choices": []}, {"choices": [{"index": 0, "delta": {}}]}])
@pytest.mark.parametrize("sent", NOTHING)
def test_what_tells_of_no_fault_is_none(choices: dict[str, Any], sent: dict[str, Any]) -> None:
    assert error_in({**choices, **sent}) is None


@pytest.mark.parametrize("sent", [ERRORS[0][0], ERRORS[6][0]])
def test_what_is_called_an_error_is_one_beside_choices(sent: dict[str, Any]) -> None:
    assert error_in({"choices": [{"index": 0, "delta": {}}], **sent})


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "filtered", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ["base_resp", "x_groq", "prompt_filter_results", "promptFeedback", "message", "code", "choices", "detail"]


@given(st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=5))
def test_anything_is_an_error_or_none(sent: dict[str, Any]) -> None:
    assert error_in(sent) is None or isinstance(error_in(sent), dict)
