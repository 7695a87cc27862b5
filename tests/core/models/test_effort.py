"""A model thinks as much as it is told to, where it has such a level; on the wire it is said as its server takes it."""

from typing import Any

import pytest
from langchain_core.language_models import ModelProfile
from langchain_openai import ChatOpenAI
from langchain_together import ChatTogether
from langgraph_moa import Aggregator, ConfigError, Proposer, create_moa, create_single, resolve_model
from langgraph_moa.core.models.capabilities import bound_to, chat_model_of
from langgraph_moa.core.models.effort import effort_in, refuses_temperature, with_effort, with_temperature
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.graphs.plan import plan_of
from loopback import Loopback
from pydantic import SecretStr
from tables import each

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}
THINKS: Any = ModelProfile(reasoning_output=True, reasoning_effort_levels=["low", "high"])
NONE_OFF: Any = ModelProfile(reasoning_output=True, reasoning_effort_levels=["none", "low"])
PLAIN: Any = ModelProfile(reasoning_output=False)


class Anthropic(ScriptedModel):
    """Call its level as langchain-anthropic does."""

    effort: str | None = None


class Ollama(ScriptedModel):
    """Call its level as langchain-ollama does."""

    reasoning: bool | str | None = None


def seat(model: Any, **own: Any) -> Any:
    return seat_layers([Proposer(model, **own)], "offline:words", None, Defaults()).panel[0][0]


@each(
    ("profile", "level", "sent"),
    [
        (THINKS, "low", "low"),
        (NONE_OFF, "off", "none"),
        (NONE_OFF, "none", "none"),
        (PLAIN, "off", None),
        (None, "off", "none"),
        (None, "xhigh", "xhigh"),
        (ModelProfile(reasoning_output=True), "high", "high"),
    ],
)
def test_a_level_is_sent_as_it_is_known(profile: Any, level: Any, sent: str | None) -> None:
    assert effort_in(seat(ScriptedModel(profile=profile), reasoning_effort=level).model) == sent


@pytest.mark.parametrize(
    ("profile", "level", "expected"),
    [
        (THINKS, "medium", "found reasoning_effort='medium' for .*, expected a level that it has: low, high$"),
        (THINKS, "off", "expected a level that it has: low, high"),
        (PLAIN, "low", "a model that does not think, expected none; leave it out"),
        (None, "hihg", "found reasoning_effort='hihg' for .*did you mean 'high'.*extra_body"),
        (None, 3, "found reasoning_effort=3 for .*; expected one of off, none, minimal"),
    ],
)
def test_a_level_that_a_model_does_not_have_is_refused(profile: Any, level: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        seat(ScriptedModel(profile=profile), reasoning_effort=level)


def test_a_level_for_all_is_passed_over_by_what_does_not_think() -> None:
    models: Any = [ScriptedModel(profile=PLAIN), Proposer(ScriptedModel(profile=THINKS), reasoning_effort="low")]
    chain = seat_layers(models, "offline:words", None, Defaults(reasoning_effort="high"))

    assert [effort_in(one.model) for one in chain.panel[0]] == [None, "low"]
    assert [set(one.without) for one in chain.panel[0]] == [{"reasoning_effort"}, set()]
    assert chain.chain[0].without == {"reasoning_effort"}
    with pytest.raises(ConfigError, match=r"expected a level that it has: low, high; give it one of its own"):
        seat_layers([ScriptedModel(profile=THINKS)], "offline:words", None, Defaults(reasoning_effort="minimal"))


def test_a_chain_is_told_nothing() -> None:
    def chain(messages: Any) -> Any:
        return messages[-1]

    from langchain_core.runnables import RunnableLambda

    assert seat_layers([RunnableLambda(chain)], "offline:words", None, Defaults(reasoning_effort="low")).panel
    with pytest.raises(ConfigError, match=r"found reasoning_effort .*a chain or graph sets those on its own models"):
        seat(RunnableLambda(chain), reasoning_effort="low")


@each(
    ("model", "level", "field", "value"),
    [
        (Anthropic(), "high", "effort", "high"),
        (Ollama(), "none", "reasoning", False),
        (Ollama(), "low", "reasoning", "low"),
        (ChatOpenAI(model="m", api_key=SecretStr("k")), "low", "reasoning_effort", "low"),
        (ChatTogether(model="m", api_key=SecretStr("k")), "low", "reasoning_effort", "low"),
        (
            ChatOpenAI(model="m", api_key=SecretStr("k"), reasoning={"effort": "high", "summary": "auto"}),
            "low",
            "reasoning",
            {"effort": "low", "summary": "auto"},
        ),
    ],
)
def test_it_is_called_as_its_package_calls_it(model: Any, level: str, field: str, value: Any) -> None:
    thinking: Any = with_effort(model.bind(reasoning_effort="max"), level)

    assert getattr(chat_model_of(thinking), field) == value
    assert effort_in(thinking) == level
    assert "reasoning_effort" not in bound_to(thinking)
    assert effort_in(with_effort(thinking, None)) is None


def test_what_has_no_name_for_it_is_bound() -> None:
    assert bound_to(with_effort(ScriptedModel(), "low")) == {"reasoning_effort": "low"}
    assert bound_to(with_temperature(ScriptedModel().bind(temperature=1), None)) == {}


@pytest.mark.parametrize("kind", ["lean", "openai", "together", "object"])
async def test_it_goes_on_the_wire(loopback: Loopback, kind: str, snapshot: Any) -> None:
    def model(name: str, **options: Any) -> Any:
        if kind == "object":
            clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
            return ChatOpenAI(model=name, api_key=SecretStr("k"), base_url=loopback.url, **clients)
        spec = f"together:{name}" if kind == "together" else name
        transport: Any = "lean" if kind == "lean" else "openai"
        return resolve_model(spec, base_url=loopback.url, transport=transport, **options)

    moa = create_moa(
        proposers=[Proposer(model("a"), reasoning_effort="off"), model("b")],
        aggregator=Aggregator(model("agg"), reasoning_effort="high", temperature=0.5),
        reasoning_effort="low",
        early_stop=None,
        max_tokens=50,
    )
    state = await moa.ainvoke(QUESTION)

    bodies = sorted(({**request.body, "messages": ...} for request in loopback.requests), key=lambda b: b["model"])
    assert bodies == snapshot
    assert state["run"]["degraded"] is None


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_models_that_take_no_temperature_get_none_and_it_is_told(loopback: Loopback, transport: Any) -> None:
    model = resolve_model("gpt-5-mini", base_url=loopback.url, transport=transport, temperature=0.7)

    state = await create_single(model=model, temperature=0.7).ainvoke(QUESTION)

    assert "temperature" not in loopback.requests[0].body
    assert state["run"]["aggregators"][0]["left_out"] == ["temperature"]
    assert any("gpt-5-mini: its server or model takes no temperature; it was" in note for note in state["run"]["notes"])


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_they_take_one_where_they_do_not_think(loopback: Loopback, transport: Any) -> None:
    model: Any = Proposer("gpt-5.4-mini", base_url=loopback.url, transport=transport, reasoning_effort="off")

    state = await create_single(model=model, temperature=0.7).ainvoke(QUESTION)

    body = loopback.requests[0].body
    assert (body["temperature"], body["reasoning_effort"]) == (0.7, "none")
    assert state["run"]["aggregators"][0]["left_out"] == []


@pytest.mark.parametrize("name", ["gpt-6-sol", "gpt-5-codex"])
def test_what_openai_answers_elsewhere_is_told_the_level_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    model: Any = chat_model_of(seat(f"openai:{name}", reasoning_effort="low").model)

    assert effort_in(model) == effort_in(model.bind_tools([tool])) == "low"


def test_presets_take_a_temperature_or_say_that_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from langgraph_moa.apps.settings.settings import Settings

    monkeypatch.setenv("OPENAI_API_KEY", "k")
    moa = Settings(preset="openai", temperature=0.7, reasoning_effort="low").choose()[0].build()

    seated = plan_of(moa).seated
    assert {one.label: set(one.without) for one in [*seated.panel[0], *seated.chain]} == {
        "openai:gpt-6-luna": {"temperature"},
        "openai:gpt-5.6-luna": {"temperature"},
        "openai:gpt-5.4-mini": {"temperature"},
        "openai:gpt-6-sol": {"temperature"},
    }
    assert all(effort_in(one.model) == "low" for one in [*seated.panel[0], *seated.chain])


@each(
    ("model", "refuses"),
    [
        (ScriptedModel(profile=ModelProfile(temperature=False)), True),
        (ScriptedModel(), False),
        (ChatOpenAI(model="gpt-6-sol", api_key=SecretStr("k")), True),
        (ChatOpenAI(model="gpt-6-sol", api_key=SecretStr("k"), base_url="http://localhost/v1"), False),
        (ChatOpenAI(model="gpt-6-sol", api_key=SecretStr("k"), base_url="https://eu.api.openai.com/v1"), True),
        (ChatOpenAI(model="gpt-5", api_key=SecretStr("k"), base_url="http://localhost/v1"), True),
        (ChatOpenAI(model="gpt-4o", api_key=SecretStr("k")), False),
    ],
)
def test_who_takes_no_temperature_is_known(model: Any, refuses: bool) -> None:
    assert refuses_temperature(model) == refuses
