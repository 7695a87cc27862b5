"""LangChain's own tests of chat models, over a real server on 127.0.0.1."""

from typing import Any

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from langgraph_moa.core.wire.chat import ChatCompletions
from loopback import Loopback
from standard import answer


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatCompletions

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "m", "base_url": "http://127.0.0.1:9/v1"}


def picture(url: str, **options: Any) -> httpx.Response:
    """Stand for the web, from which it would take what it shows the model."""
    return httpx.Response(200, content=b"a picture", request=httpx.Request("GET", url))


@pytest.mark.filterwarnings("ignore:OpenAI may require a filename")
class TestIntegration(ChatModelIntegrationTests):
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_pdf_inputs = True
    supports_audio_inputs = True
    supports_image_tool_message = True
    supports_pdf_tool_message = True
    supports_anthropic_inputs = True
    supports_model_override = True
    model_override_value = "another"

    @pytest.fixture(autouse=True)
    def _server(self, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
        loopback.default = answer
        self._url = loopback.url
        monkeypatch.setattr(httpx, "get", picture)
        monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "none")

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatCompletions

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "m", "base_url": self._url}
