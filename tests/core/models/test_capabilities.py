"""What a model can, under whatever it is wrapped in."""

from langgraph_moa.core.models.capabilities import chat_model_of, without_streaming
from langgraph_moa.core.offline.scripted import ScriptedModel


def test_streaming_is_turned_off_without_touching_the_users_model() -> None:
    model = ScriptedModel(script="x")

    assert chat_model_of(without_streaming(model.bind(stop=["."]))).disable_streaming is True  # type: ignore[union-attr]
    assert model.disable_streaming is False
