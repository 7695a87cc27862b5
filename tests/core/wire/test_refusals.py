"""What a server sends in an answer's place becomes an error that says so, without secrets, and can be carried on."""

import pickle

import pytest
from langchain_core.exceptions import ContextOverflowError, ModelRateLimitError
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
            "Error code: 429 - {'error': {'message': 'slow'}}",
        ),
        (400, b'{"error": {"code": "context_length_exceeded"}}', ContextOverflowError, "Error code: 400"),
        (502, b"<h1>Bad gateway</h1>", ServerError, "Error code: 502 - '<h1>Bad gateway</h1>'"),
        (500, b"\xff\xfe", ServerError, "Error code: 500"),
        (500, b"", ServerError, "Error code: 500"),
    ],
)
def test_a_status_says_what_an_error_is(status: int, body: bytes, kind: type[Exception], message: str) -> None:
    error = refusal(status, body, url=URL, location=None, secrets=[])

    assert isinstance(error, kind)
    assert str(error).startswith(message)
    assert error.status_code == status


def test_an_error_goes_from_process_to_process() -> None:
    error = refusal(429, b'{"error": "slow"}', url=URL, location=None, secrets=[])

    error.url, error.retry_after = URL, 7.0
    copy = pickle.loads(pickle.dumps(error))

    assert (copy.url, copy.retry_after) == (URL, 7.0)
    assert (type(copy), str(copy), copy.status_code, copy.body) == (type(error), str(error), 429, {"error": "slow"})
