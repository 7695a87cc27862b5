"""What a server sends in an answer's place becomes an error that says so, without secrets, and can be carried on."""

import json
import pickle
from typing import Any

import pytest
from langchain_core.exceptions import ContextOverflowError, ModelAPIError, ModelRateLimitError
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer, check_answer, refusal

KEY = "tiger/burning-bright-1"
URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>log in</html>", "found a web page in the answer's place"),
        (b"", "found no JSON in the answer's place"),
        (b'{"choices": [', "found no JSON in the answer's place"),
        (b"[1, 2]", "found JSON that is no object in the answer's place"),
        (b'{"error": {"message": "overloaded"}}', "found an error in the answer's place: overloaded"),
        (b'{"error": "overloaded"}', "found an error in the answer's place: overloaded"),
        (b"[" * 100_000, "found no JSON in the answer's place"),
    ],
)
def test_what_is_no_answer_is_told(body: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableAnswer) as refused:
        check_answer(body, [])

    assert str(refused.value).startswith(sentence)
    assert len(str(refused.value)) < 700


def test_an_answer_may_hold_a_key() -> None:
    body = f'{{"choices": [], "text": "{KEY}"}}'.encode()

    assert check_answer(body, [KEY])["text"] == KEY


@pytest.mark.parametrize(
    "body",
    [
        f'{{"error": {{"message": "no: {KEY}"}}}}',
        f'{{"error": {{"message": "no: {KEY.replace("/", chr(92) + "/")}"}}}}',  # as PHP writes it
        f'{{"error": {{"message": "no: {KEY.replace("/", chr(92) + "u002f")}"}}}}',
        f'{{"object": "error", "message": "no: {KEY}"}}',
        f"<html>{KEY}</html>",
        f'{{"{KEY}',
    ],
)
def test_an_error_is_told_without_the_key(body: str) -> None:
    with pytest.raises(UnreadableAnswer) as refused:
        check_answer(body.encode(), [KEY])

    assert KEY not in f"{refused.value} {refused.value.body}"


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            429,
            b'{"error": {"message": "slow"}}',
            ModelRateLimitError,
            "Error code: 429 - slow",
        ),
        (400, b'{"error": {"code": "context_length_exceeded"}}', ContextOverflowError, "Error code: 400"),
        (502, b"<h1>Bad gateway</h1>", ServerError, "Error code: 502 - Bad gateway"),
        (500, b"\xff\xfe", ServerError, "Error code: 500"),
        (500, b"", ServerError, "Error code: 500"),
    ],
)
def test_a_status_says_what_an_error_is(status: int, body: bytes, kind: type[Exception], message: str) -> None:
    error = refusal(status, body, url=URL, location=None, secrets=[])

    assert isinstance(error, kind)
    assert str(error).startswith(message)
    assert error.status_code == status


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429, ModelRateLimitError),
        ({"error": {"code": "429", "message": "slow"}}, 429, ModelRateLimitError),
        ({"error": {"status": "RESOURCE_EXHAUSTED", "message": "slow"}}, 429, ModelRateLimitError),
        ([{"error": {"code": 429, "message": "slow"}}], 429, ModelRateLimitError),
        ({"object": "error", "code": 429, "message": "slow"}, 429, ModelRateLimitError),
        ({"message": "slow", "code": 429}, 429, ModelRateLimitError),
        ({"title": "Too many", "detail": "slow", "status": 429}, 429, ModelRateLimitError),
        ({"choices": [], "error": {"code": 502, "message": "slow"}}, 502, ModelAPIError),
        ({"error": {"code": "slow"}}, None, UnreadableAnswer),
        ({"error": {"code": 1113, "message": "slow"}}, None, UnreadableAnswer),
        ({"error": {"code": True, "message": "slow"}}, None, UnreadableAnswer),
        ({"error": "slow"}, None, UnreadableAnswer),
        ({"detail": [{"loc": ["body"], "msg": "slow"}]}, None, UnreadableAnswer),
        ({"message": {"text": "slow"}}, None, UnreadableAnswer),
        ({"success": False, "errors": [{"message": "slow"}]}, None, UnreadableAnswer),
    ],
)
def test_an_error_that_came_with_success_is_one_of_its_status(
    sent: Any, status: int | None, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match="slow") as failed:
        check_answer(json.dumps(sent).encode(), [])

    assert isinstance(failed.value, ServerError)
    assert (failed.value.status_code, failed.value.body) == (status, sent)
    assert failed.value.is_retryable == (status is not None)


@pytest.mark.parametrize(
    "form",
    [
        "tiger%2Fburning-bright-1",
        "tiger\\/burning-bright-1",
        "tiger&#x2F;burning-bright-1",
        "tiger&#47;burning&#45;bright&#45;1",
        "tiger\\\\\\/burning\\u002Dbright-1",
        "tiger/burning-bright-1",
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_a_key_is_struck_however_it_is_quoted(form: str, status: int) -> None:
    inner = json.dumps({"error": {"message": f"no: {form}"}})
    for sent in (inner.encode(), json.dumps({"error": {"metadata": {"raw": inner}}}).encode(), form.encode()):
        with pytest.raises(ServerError) as failed:
            check_answer(sent, [KEY]) if status == 200 else raise_(refused(status, sent))
        assert "burning" not in f"{failed.value} {failed.value.body}"


def refused(status: int, body: bytes) -> ServerError:
    return refusal(status, body, url=URL, location=None, secrets=[KEY])


def raise_(failure: ServerError) -> None:
    raise failure


@pytest.mark.parametrize("key", ["test", "1", "x", "not-needed", "EMPTY", ""])
def test_a_word_in_the_place_of_a_key_strikes_nothing(key: str) -> None:
    body = json.dumps({"error": {"message": f"the{key} of 1 test x EMPTY not-needed"}}).encode()

    assert f"the{key} of 1 test x EMPTY not-needed" in str(
        refusal(400, body, url=URL, location=None, secrets=[key, f"Bearer {key}"])
    )


def test_an_error_goes_from_process_to_process() -> None:
    error = refusal(429, b'{"error": "slow"}', url=URL, location=None, secrets=[])

    error.url, error.retry_after = URL, 7.0
    copy = pickle.loads(pickle.dumps(error))

    assert (copy.url, copy.retry_after) == (URL, 7.0)
    assert (type(copy), str(copy), copy.status_code, copy.body) == (type(error), str(error), 429, {"error": "slow"})
