"""One schema for a settings file, the flags and Studio's form."""

import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError, create_moa
from langgraph_moa.apps.settings.files import form_settings, load_settings
from langgraph_moa.apps.settings.form import form_of
from langgraph_moa.apps.settings.settings import Settings

SCHEMA = Settings.model_json_schema()
DOCUMENTED = Path(__file__).parents[3] / "docs" / "settings.schema.json"


def test_the_documented_schema_is_the_one_in_use() -> None:
    assert json.loads(DOCUMENTED.read_text()) == SCHEMA, "write it anew with: make schema"


def everywhere(schema: Any) -> list[tuple[str, Any]]:
    tables = {"": schema, **schema["$defs"]}
    return [
        (f"{name}.{key}".lstrip("."), field) for name, t in tables.items() for key, field in t["properties"].items()
    ]


@pytest.mark.parametrize(("name", "field"), everywhere(SCHEMA), ids=[name for name, _ in everywhere(SCHEMA)])
def test_every_field_is_described_and_has_a_default_or_is_required(name: str, field: Any) -> None:
    table = SCHEMA["$defs"][name.partition(".")[0]] if "." in name else SCHEMA
    assert field["description"]
    assert (
        "default" in field
        or name.rpartition(".")[2] in table.get("required", [])
        or field["type"] in ("array", "object")
    )
    assert "null" not in json.dumps(field.get("anyOf", field.get("type", ""))), "a form has no use for null"


def test_what_has_a_range_or_a_list_says_so() -> None:
    fields = SCHEMA["properties"]

    assert (fields["layers"]["minimum"], fields["layers"]["maximum"]) == (1, 100)
    assert fields["timeout"]["exclusiveMinimum"] == 0
    assert fields["placement"]["enum"] == ["last", "system_prompt"]
    assert fields["preset"]["enum"] == ["together", "openai", "offline"]
    assert fields["early_stop"]["anyOf"][0]["enum"] == ["aggregate", "answer", "shadow", "off"]


def bounds() -> list[tuple[str, str, float, bool]]:
    found = []
    for name, field in everywhere(SCHEMA):
        if "minimum" in field:
            found.append((name, "minimum", field["minimum"], True))
        if "exclusiveMinimum" in field:
            found.append((name, "exclusiveMinimum", field["exclusiveMinimum"], False))
        if "maximum" in field:
            found.append((name, "maximum", field["maximum"], True))
    return found


WHERE: Any = {
    "": lambda key, value: {key: value},
    "ModelTable": lambda key, value: {"aggregator": {"model": "offline:words", key: value}},
    "ProposerTable": lambda key, value: {"proposers": [{"model": "offline:words", key: value}]},
    "QuorumTable": lambda key, value: {"quorum": {"k": 1, key: value}},
    "EarlyStopTable": lambda key, value: {"early_stop": {key: value}},
    "BudgetTable": lambda key, value: {"budget": {key: value}},
    "LimitsTable": lambda key, value: {"limits": [{"provider": "openai", key: value}]},
    "PriceTable": lambda key, value: {"prices": {"x": {key: value}}},
}


@pytest.mark.parametrize(("name", "kind", "bound", "inclusive"), bounds())
def test_a_range_is_what_python_allows_too(name: str, kind: str, bound: float, inclusive: bool) -> None:
    """The schema's ranges and the library's own checks are two places; this keeps them one."""
    table, _, key = name.rpartition(".")
    whole = isinstance(bound, int) and not kind.startswith("exclusive") and key not in ("temperature", "grace_s")
    beyond = bound + (1 if kind == "maximum" else -1)

    with pytest.raises(ConfigError, match=r"found .* for .*, expected ") as refused:
        load_settings(None, WHERE[table](key, int(beyond) if whole else beyond))
    assert "\n" not in str(refused.value)
    if inclusive:
        load_settings(None, WHERE[table](key, bound))


@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"layers": 0}, "found 0 for layers, expected 1 or more"),
        ({"layers": 101}, "found 101 for layers, expected 100 or less"),
        ({"layers": "3"}, "found '3' for layers, expected a whole number"),
        ({"timeout": 0}, "found 0 for timeout, expected more than 0"),
        ({"early_stop": "always"}, "found 'always' for early_stop, expected 'aggregate', 'answer', 'shadow' or 'off'"),
        ({"early_stop": {"then": "stop"}}, "found 'stop' for early_stop.then, expected 'aggregate' or 'answer'"),
        ({"quorum": {"grace_s": 1.0}}, "found quorum without k, expected it as well"),
        ({"budget": {"usd": -1.0}}, "found -1.0 for budget.usd, expected more than 0"),
        ({"laiers": 3}, "unknown key 'laiers'; did you mean 'layers'?"),
        ({"preset": "offline", "proposers": ["offline:words"]}, "found the preset 'offline' and proposers"),
    ],
    ids=str,
)
def test_a_wrong_value_in_the_form_is_one_sentence(filled: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        form_settings(filled)

    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_what_is_left_empty_in_the_form_is_not_given_and_the_servers_keys_are_its_own() -> None:
    filled = {"preset": None, "base_url": "", "docs": [], "prices": {}, "thread_id": "t", "__pregel_store": object()}

    assert form_settings(filled) == Settings()


@pytest.mark.parametrize("word", ["aggregate", "answer", "shadow", "off"])
def test_an_early_stop_is_the_same_word_in_file_and_flag(tmp_path: Path, word: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'early_stop = "{word}"')

    assert load_settings(file, {}).early_stop == load_settings(None, {"early_stop": word}).early_stop


def test_prompts_are_marked_for_the_nodes_that_are_told_them() -> None:
    moa = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words", layers=3)

    fields = form_of(moa).model_json_schema()["properties"]

    assert fields["proposer_prompt"]["langgraph_type"] == fields["aggregator_prompt"]["langgraph_type"] == "prompt"
    assert fields["proposer_prompt"]["langgraph_nodes"] == ["layer_2/stems", "layer_2/words"]
    assert fields["aggregator_prompt"]["langgraph_nodes"] == ["aggregate"]
    assert "$references" in fields["aggregator_prompt"]["default"]
    assert set(fields["proposer_prompt"]["langgraph_nodes"]) <= set(moa.get_graph().nodes)


def test_a_prompt_of_the_settings_is_used() -> None:
    settings = form_settings({"preset": "offline", "aggregator_prompt": "no variable"})

    with pytest.raises(ConfigError, match=r"found no \$references in the prompt"):
        settings.choose()[0].build()


def test_a_preset_is_a_tag() -> None:
    moa = form_settings({"preset": "offline"}).choose()[0].build()

    assert moa.config is not None
    assert moa.config["tags"] == ["moa", "offline"]


TWO = """
[[proposers]]
model = "same"
base_url = "http://127.0.0.1:1/v1"

[[proposers]]
model = "same"
base_url = "http://me:pw@127.0.0.1:2/v1?key=lamb"
api_key_env = "OTHER_KEY"
headers = { X-Team = "$OTHER_TEAM", X-Token = "tiger-burning", Authorization = "Bearer $OTHER_KEY" }
extra_body = { top_k = 20 }
top_p = 0.9
seed = 7
stop = "END"
samples = 6
slots = 4
"""


def test_what_a_thread_keeps_of_servers_holds_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO)

    settings = load_settings(tmp_path / "two.toml", {}).choose()[0]
    record = settings.record()

    assert record["proposers"][1] == {
        "model": "same",
        "base_url": "http://127.0.0.1:2/v1",
        "api_key_env": "OTHER_KEY",
        "headers": {"X-Team": "$OTHER_TEAM", "X-Token": "", "Authorization": "Bearer $OTHER_KEY"},
        "extra_body": {"top_k": 20},
        "top_p": 0.9,
        "seed": 7,
        "stop": "END",
        "samples": 6,
        "slots": 4,
    }
    assert record["aggregator"] == {"model": "same", "base_url": "http://127.0.0.1:1/v1"}
    assert "tiger" not in repr(record) + repr(settings.proposers)
    assert "lamb" not in repr(record)


def test_a_thread_that_kept_no_value_of_a_header_says_what_to_do() -> None:
    table = {"model": "a", "base_url": "http://127.0.0.1:1/v1", "headers": {"X-Token": ""}}

    with pytest.raises(ConfigError, match=r"found the header 'X-Token' without a value, expected one; write \$NAME"):
        load_settings(None, {"proposers": [table]}).choose()[0].build()


@pytest.mark.parametrize(
    ("system", "own"),
    [
        ("grouped", {"proposers": ["offline:words"] * 3}),
        ("self-moa", {"proposers": ["offline:words", "offline:stems"]}),
    ],
)
def test_systems_ask_an_aggregator_where_it_is(system: str, own: Any) -> None:
    at = {"model": "big", "base_url": "http://127.0.0.1:1/v1"}

    moa = load_settings(None, {"system": system, "aggregator": at, **own}).choose()[0].build()

    last: Any = moa.builder.nodes["aggregate"].runnable
    assert last.rules.mixture.count("at http://127.0.0.1:1/v1") >= 2, "where it proposes, too"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"headers": "tiger-burning"}, "found a str for proposers.0.headers, expected a table of names and values"),
        ({"headers": {"X-A": 5}}, "found a int for proposers.0.headers, expected text"),
        ({"headers": {"X-A": ["tiger-burning"]}}, "found a list for proposers.0.headers, expected text"),
        ({"api_key_env": "tiger-burning"}, "found a str for proposers.0.api_key_env, expected the name of an environ"),
        ({"api_key_env": 5}, "found a int for proposers.0.api_key_env, expected text"),
        ({"api_key": "tiger-burning"}, "unknown key 'api_key'; did you mean 'api_key_env'?"),
        ({"system": "Be brief."}, "unknown key 'system'; did you mean 'system_prompt'?"),
        ({"top_p": 2.0}, "found 2.0 for proposers.0.top_p, expected 1 or less"),
        ({"extra_body": [1]}, "found [1] for proposers.0.extra_body, expected a table of names and values"),
        ({"stop": 5}, "found 5 for proposers.0.stop, expected "),
        ({"model": None, "headers": {"X-A": "tiger-burning"}}, "found None for proposers.0.model, expected text"),
    ],
    ids=str,
)
def test_a_wrong_server_is_one_sentence_without_secrets(table: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        form_settings({"proposers": [{"model": "a", **table}]})

    assert str(refused.value).startswith(told)
    assert "tiger" not in str(refused.value)
    assert "\n" not in str(refused.value)
