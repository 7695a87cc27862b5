"""LangChain's middleware around mixtures: a router says which questions are worth one, and a fallback steps in for it.

`ModelRouterMiddleware` is in beta, and new in langchain 1.5. Its decision model here knows a sum when it sees one.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelChoice, ModelFallbackMiddleware, ModelRouterMiddleware
from langchain.messages import HumanMessage
from langchain_core.decisions import BaseDecisionModel, ClassifierResponse
from langgraph_moa import ChatMoA, create_moa, create_single
from langgraph_moa.core.offline.scripted import ScriptedModel

warnings.filterwarnings("ignore", message=".*ModelRouterMiddleware.*beta")


class Sums(BaseDecisionModel):
    """Send sums to one model, and all else to the panel."""

    model: str = "sums"
    _provider = "example"

    def _classify(self, state: object, questions: Mapping[str, object]) -> ClassifierResponse:
        route = "one" if "*" in str(state) else "panel"
        answer = {"type": "choice", "choice": route, "probabilities": {route: 1}, "confidence": 1}
        return ClassifierResponse.model_validate({"model": self.model, "answers": dict.fromkeys(questions, answer)})


def ask(question: str, model: ChatMoA, middleware: AgentMiddleware[Any, Any, Any]) -> None:
    """Print who answers, and what."""
    answer = create_agent(model, middleware=[middleware]).invoke({"messages": [HumanMessage(question)]})["messages"][-1]
    print(f"{answer.response_metadata['model_name']}: {answer.text}")


panel = ChatMoA(create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words", name="panel"))
one = ChatMoA(create_single(model="offline:words", name="one"))
choices = {"one": ModelChoice(one, criteria="Sums."), "panel": ModelChoice(panel, criteria="All else.")}
router = ModelRouterMiddleware(choices=choices, instructions="Who answers?", classifier=Sums())
ask("What is 17 * 24?", panel, router)
ask("How are layers counted in the paper?", panel, router)
down = ChatMoA(create_moa(proposers=[ScriptedModel(script=TimeoutError("down"))], aggregator="offline:words"))
ask("What is 17 * 24?", down, ModelFallbackMiddleware(panel))
