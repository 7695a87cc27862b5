"""Files of requests and of answers, as OpenAI's batches read and write them."""

import json
from collections import Counter
from functools import cached_property
from hashlib import sha256
from typing import Any

ENDPOINTS = ("/v1/responses", "/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/moderations")
EXPIRED = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was cancelled before it was executed."),
    "request_timeout": ("request_timeout", "The underlying call to the model timed out."),
}
"""What an error file says of a request that was never answered."""


class Lines:
    """Be what a file of requests holds."""

    def __init__(self, content: bytes) -> None:
        self.lines = content.splitlines()

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def parsed(self) -> list[dict[str, Any]]:
        """Return its requests; one that is none of JSON is empty."""
        return [_parsed(line) for line in self.lines]

    @property
    def models(self) -> set[str]:
        return {str(line.get("body", {}).get("model")) for line in self.parsed}

    @property
    def tokens(self) -> int:
        """Return about how many tokens it holds."""
        return sum(len(line) for line in self.lines) // 4


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def faults_of(lines: Lines, endpoint: str, most: int, one_model: bool, purpose: str) -> list[dict[str, Any]]:
    """Return what is wrong with a file, line by line; Together's lines say neither method nor path."""
    given: dict[str, Any] = {"method": "POST", "url": endpoint} if purpose == "batch-api" else {}
    if not len(lines):
        return [_fault("empty_file", None, "The file is empty.")]
    if len(lines) > most:
        return [_fault("too_many_tasks", None, f"The file has {len(lines)} requests, more than {most}.")]
    faults = []
    ids = Counter(line.get("custom_id") for line in lines.parsed)
    first: Any = lines.parsed[0].get("body", {})
    for number, parsed in enumerate(lines.parsed, 1):
        line = {**given, **parsed}
        body = line.get("body")
        if not parsed:
            faults.append(_fault("invalid_json_line", number, "This line is not parseable as valid JSON."))
        elif not isinstance(line.get("custom_id"), str) or line.get("method") != "POST" or not isinstance(body, dict):
            faults.append(_fault("missing_required_parameter", number, "custom_id, method and body are required."))
        elif ids[line["custom_id"]] > 1:
            faults.append(_fault("duplicate_custom_id", number, f"The custom_id {line['custom_id']!r} is not unique."))
        elif line.get("url") != endpoint:
            faults.append(_fault("url_mismatch", number, f"The url {line.get('url')!r} is not {endpoint!r}."))
        elif one_model and body.get("model") != first.get("model"):
            faults.append(_fault("model_mismatch", number, "All requests of a batch must name one model."))
        elif body.get("stream"):
            faults.append(_fault("invalid_request", number, "stream is not supported in a batch."))
    return faults


def _fault(code: str, line: int | None, message: str) -> dict[str, Any]:
    return {"code": code, "line": line, "message": message, "param": None}


def output_line(line: dict[str, Any], status: int, body: str) -> str:
    """Return a line of answers; a body that is no JSON stays text."""
    digest = sha256(str(line["custom_id"]).encode()).hexdigest()[:12]
    try:
        shown = json.loads(body)
    except ValueError:
        shown = body
    response = {"status_code": status, "request_id": f"req_{digest}", "body": shown}
    return json.dumps(
        {"id": f"batch_req_{digest}", "custom_id": line["custom_id"], "response": response, "error": None}
    )


def error_line(line: dict[str, Any], why: str) -> str:
    """Return a line of what was never answered."""
    code, message = EXPIRED[why]
    told = {"code": code, "message": message}
    return json.dumps({"id": "batch_req_none", "custom_id": line["custom_id"], "response": None, "error": told})


def counted(body: dict[str, Any]) -> str:
    """Return a text that stands for a request: the same one for the same request."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
