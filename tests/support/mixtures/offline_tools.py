"""Tools for the offline models, and what they call of them."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langgraph_moa.core.offline.model import OfflineModel
from pydantic import BaseModel


def get_weather(city: str) -> str:
    """Get the weather for a city."""
    return f"Sunny in {city}"


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def send_mail(to: str, body: str, *, urgent: bool) -> str:
    """Send a mail to somebody."""
    return f"{to} {body} {urgent}"


class Forecast(BaseModel):
    """Forecast the weather of some days."""

    city: str
    days: int


def schema(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    """Return a tool `look_up` with these parameters."""
    parameters = {"type": "object", "properties": properties, "required": required or list(properties)}
    return {"name": "look_up", "description": "Look up tickets.", "parameters": parameters}


def asked(question: str | list[BaseMessage], *tools: Any, choice: Any = None) -> AIMessage:
    return OfflineModel.of("words").bind_tools(tools, tool_choice=choice).invoke(question)


def called(question: str, *tools: Any, choice: Any = None) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in asked(question, *tools, choice=choice).tool_calls]
