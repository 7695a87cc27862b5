"""What is declared of models is refused where it could not mean anything, before any is asked."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph_moa import Aggregator, Analyst, ConfigError, Limits, Moderator, Proposer, Rank
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.checks import check_analyst, check_choice, check_limited, check_options, check_settings
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from tables import each

URL = "http://127.0.0.1:9/v1"
FINE: list[Any] = [
    Proposer("offline:words"),
    Proposer("m", base_url=URL, api_key_env="MY_KEY", headers={"X-Team": "red"}, extra_body={"top_k": 20}),
    Proposer("gguf:a.gguf", extra_body={"top_k": 20}),
    Proposer(ScriptedModel(), temperature=0, top_p=1, seed=0, stop=["."], samples=3, slots=2, reads=(), timeout=None),
    Proposer(RunnableLambda(str), system_prompt="Be terse.", tags=["a"]),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("settings", FINE)
def test_what_can_be_done_passes(settings: Any) -> None:
    check_settings(settings, "a")


WRONG: list[tuple[Any, str]] = [
    (Proposer("m", temperature=-1), "found temperature=-1 for 'a', expected a number from 0"),
    (Proposer("m", max_tokens=0), "found max_tokens=0 for 'a', expected a whole number from 1"),
    (Proposer("m", timeout=0), "found timeout=0 for 'a', expected a number above 0"),
    (Proposer("m", context_tokens=0), "found context_tokens=0 for 'a'"),
    (Proposer("m", samples=0), "found samples=0 for 'a'"),
    (Proposer("m", slots=0), "found slots=0 for 'a'"),
    (Proposer("m", top_p=0), "found top_p=0 for 'a'"),
    (Proposer("m", seed=-1), "found seed=-1 for 'a'"),
    (Proposer("m", stop=""), "found an empty text as stop for 'a'"),
    (Proposer("m", stop=[]), r"found stop=\[\] for 'a'"),
    (Proposer("m", stop=["", "."]), "found stop="),
    (Proposer("m", base_url=""), "found an empty base_url for 'a'"),
    (Proposer("m", base_url=3), "found int as base_url for 'a'"),  # type: ignore[arg-type]
    (Proposer("m", api_key_env="sk-secret"), "found something else than a name as api_key_env"),
    (Proposer("m", headers=["a"]), "found list as headers for 'a', expected values by name"),  # type: ignore[arg-type]
    (Proposer("m", headers={"a": ""}), "found the header 'a' without a value"),
    (Proposer("m", extra_body={1: 2}), "found dict as extra_body"),  # type: ignore[dict-item]
    (Proposer("offline:words", base_url=URL), "found base_url for 'a', expected none: offline:words is asked in this"),
    (Proposer("gguf:a.gguf", headers={"a": "b"}), "found headers for 'a', expected none"),
    (Proposer(ScriptedModel(), base_url=URL), "found base_url for 'a', a model that was built"),
    (Proposer(RunnableLambda(str), seed=1), "found seed for 'a', expected none: a chain or graph"),
    (Proposer(RunnableLambda(str), temperature=1), "found temperature for 'a', expected none"),
    (Proposer("m", reads="b"), "found reads='b' for 'a', expected a tuple of proposers' names"),  # type: ignore[arg-type]
    (Proposer("m", reads=(), debates=True), r"found debates=True with reads=\(\) for 'a'"),
    (Proposer("m", debates=1), "found debates=1 for 'a', expected True or False"),  # type: ignore[arg-type]
    (Aggregator("m", system_prompt=3), "found int as the system prompt for 'a', expected text"),  # type: ignore[arg-type]
    (Aggregator("m", tags="a"), "found tags='a' for 'a', expected a tuple of strings"),  # type: ignore[arg-type]
]


@each(("settings", "expected"), WRONG)
def test_what_is_said_of_one_model_is_checked(settings: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as refused:
        check_settings(settings, "a")

    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


DEFAULTS: list[tuple[Any, str]] = [
    (Defaults(samples=0), "found samples=0"),
    (Defaults(temperature="hot"), "found temperature='hot'"),  # type: ignore[arg-type]
    (Defaults(prices=[]), "found list as prices"),  # type: ignore[arg-type]
    (Defaults(limits="openai"), "found 'o' among limits"),  # type: ignore[arg-type]
    (Defaults(limits=Limits(provider="x")), "found Limits as limits, expected a list"),  # type: ignore[arg-type]
    (Defaults(limits=[Limits(provider="")]), "found provider='' for Limits"),
    (Defaults(resolve="openai"), "found resolve='openai', expected a function"),  # type: ignore[arg-type]
]


@each(("defaults", "expected"), DEFAULTS)
def test_what_all_models_start_from_is_checked(defaults: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_options(defaults)


def test_a_limit_that_is_nearly_a_providers_is_refused() -> None:
    seat = seat_of("offline:words", Defaults(), role="aggregator")

    check_limited([Limits(provider="anthropic", concurrency=1)], [seat])
    with pytest.raises(ConfigError, match="found Limits for 'ofline'; did you mean 'offline'"):
        check_limited([Limits(provider="ofline", concurrency=1)], [seat])


CHOICES: list[tuple[Any, Any, int, str]] = [
    (Rank([]), None, 1, r"found Rank\(\[\]\) as the aggregator"),
    (Rank("m", seed=True), None, 1, r"found seed=True for Rank\(...\), expected a whole number"),
    (None, "m", 1, "found 'm' as the moderator"),
    (None, Moderator("m", keep=0), 1, "found keep=0 for the moderator"),
    (None, Moderator("m", stops=1), 1, "found stops=1 for the moderator"),  # type: ignore[arg-type]
    (None, Moderator("m", seed=0.5), 1, "found seed=0.5 for Moderator"),  # type: ignore[arg-type]
    (None, Moderator("m"), 0, "found a moderator with layers=1"),
]


@each(("rank", "moderator", "layers", "expected"), CHOICES)
def test_who_chooses_is_checked(rank: Any, moderator: Any, layers: int, expected: str) -> None:
    check_choice(Rank("m"), Moderator("m"), 1)
    with pytest.raises(ConfigError, match=expected):
        check_choice(rank, moderator, layers)


def test_who_compares_is_checked() -> None:
    check_analyst(Analyst("m"), 1)
    check_analyst(None, 0)
    for analyst, layers, expected in (("m", 1, "found 'm' as the analyst"), (Analyst("m"), 0, "with layers=1")):
        with pytest.raises(ConfigError, match=expected):
            check_analyst(analyst, layers)


@tool
def write(text: str) -> str:
    """Write."""
    return text


@pytest.mark.parametrize(
    ("metadata", "options", "is_refused"),
    [
        (None, {}, True),
        ({"readOnlyHint": False}, {}, True),
        ({"readOnlyHint": True}, {}, False),
        (None, {"may_write": True}, False),
    ],
)
def test_a_graph_with_tools_that_may_write_is_refused_until_somebody_allows_it(
    metadata: Any, options: Any, *, is_refused: bool
) -> None:
    from langchain.agents import create_agent
    from langgraph_moa.core.panel.seating import seat_layers

    hinted: BaseTool = write.model_copy(update={"metadata": metadata})
    agent = create_agent(ScriptedModel(), tools=[hinted])

    def seats() -> Any:
        return seat_layers([Proposer(agent, name="agent", **options)], "offline:words", None, Defaults())

    if not is_refused:
        assert seats().panel[0][0].takes_state
        return
    with pytest.raises(ConfigError, match="found the tool 'write' of 'agent', not marked read-only"):
        seats()
