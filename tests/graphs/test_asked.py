"""Which models a mixture may ask."""

from langgraph_moa import Moderator, Proposer, create_moa
from langgraph_moa.core.models.capabilities import chat_model_of
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.asked import models_asked


def test_everybody_who_may_be_asked_is_told_once_or_more() -> None:
    def model(name: str) -> ScriptedModel:
        return ScriptedModel(script="x", name_of_model=name)

    moa = create_moa(
        proposers=[Proposer(model("a"), instead=[model("b")]), model("c")],
        aggregator=[model("d"), model("e")],
        moderator=Moderator(model("f")),
        layers=3,
    )
    names = {getattr(chat_model_of(asked), "name_of_model", None) for asked in models_asked(moa)}
    assert names == set("abcdef")
