"""A refusal is one of what was added to a request where it names that, in whatever words its server has for it."""

import json
from typing import Any

from langgraph_moa.apps.check.refusals import names_refused
from langgraph_moa.core.wire.refusals import refusal
from tables import each

SAID = """
temperature       400  openai       Unsupported parameter: 'temperature' is not supported with this model.
temperature       400  openai       Unsupported value: 'temperature' does not support 0.5 with this model.
temperature       400  moonshot     invalid temperature: only 1 is allowed for this model
reasoning_effort  400  openai       Unrecognized request argument supplied: reasoning_effort
reasoning_effort  400  ollama       "llama3.1:8b" does not support thinking
reasoning_effort  400  litellm      openai does not support parameters: ['reasoning_effort'], for model=o4-mini.
n                 400  openai       Unsupported value: 'n' does not support 2 with this model.
n                 400  groq         'n' : number must be at most 1 with this model
n                 400  llama.cpp    Field 'n': Value must be between 1 <= value <= 1
n                 400  litellm      litellm.UnsupportedParamsError: ollama does not support parameters: {'n': 2}
streaming         400  openai       Your organization must be verified to stream this model.
system            400  openai       Unsupported value: 'messages[0].role' does not support 'system' with this model.
system            400  vllm         System role not supported
tools             400  vllm         "auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser
tools             500  llama.cpp    tools param requires --jinja flag
tools             400  ollama       registry.ollama.ai/library/gemma3:latest does not support tools
tools             404  openrouter   No endpoints found that support tool use.
tools             400  together     Function calling is not supported for this model
images            400  vllm         qwen is not a multimodal model
images            500  llama.cpp    image input is not supported - hint: you may need to provide the mmproj
images            400  lm-studio    Model does not support images. Please use a model that does.
images            404  openrouter   No endpoints found that support image input
system            500  llama.cpp    Only user, assistant and tool roles are supported, got system.
system            500  llama.cpp    Conversation roles must alternate user/assistant/user/assistant/...
streaming         501  other        stream is not implemented
streaming         403  openai       Your organization must be verified to stream this model.
images            400  deepseek     messages[0]: unknown variant `image_url`, expected `text` at line 1
"""
OTHERWISE = """
temperature       429  limited      Rate limit of requests with a temperature
tools             401  key          Invalid key for tools
n                 400  silent       Bad Request
images            400  another      The model is not enabled for your project
temperature       400  listed       unknown field `thinking`, expected one of `messages`, `temperature`
n                 503  busy         only one completion at a time
system            500  passing      Internal system error, please try again later
streaming         500  passing      stream disconnected before completion
tools             500  passing      The tool server is overloaded
system            500  passing      Jinja template cache miss, retry
system            403  forbidden    Your role does not permit this
tools             500  passing      The server does not support tools at the moment, please try again later
"""
Row = tuple[str, str, str, str]


def rows(table: str) -> list[Row]:
    split = [line.split(maxsplit=3) for line in table.strip().splitlines()]
    return [(probe, status, server, words) for probe, status, server, words in split]


def raised(status: int, error: dict[str, Any]) -> BaseException:
    body = json.dumps({"error": error}).encode()
    return refusal(status, body, url="http://127.0.0.1:9/v1", location=None, secrets=[])


@each(("probe", "status", "server", "words"), rows(SAID))
def test_what_names_it_refuses_it(probe: str, status: str, server: str, words: str) -> None:
    assert names_refused(probe, raised(int(status), {"message": words}))


@each(("probe", "status", "server", "words"), rows(OTHERWISE))
def test_what_does_not_is_not_known(probe: str, status: str, server: str, words: str) -> None:
    assert not names_refused(probe, raised(int(status), {"message": words}))


def test_a_field_that_is_named_beside_the_words_will_do() -> None:
    assert names_refused("temperature", raised(400, {"message": "Unsupported value", "param": "temperature"}))
    assert not names_refused("temperature", raised(500, {"message": "Internal error", "param": "temperature"}))


def test_what_is_no_answer_of_a_server_is_none() -> None:
    assert not names_refused("tools", ValueError("tools"))
