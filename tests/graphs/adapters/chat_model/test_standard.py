"""LangChain's own tests of chat models, over a real server on 127.0.0.1."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from langgraph_moa import ChatMoA, create_moa
from loopback import Loopback
from standard import answer

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
