"""Settings as Studio's form."""

from typing import Any

import pytest
from langgraph_moa import ConfigError, create_moa
from langgraph_moa.apps.settings.files import form_settings
from langgraph_moa.apps.settings.form import form_of
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.graphs.plan import plan_of
from tables import each


@each(
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
        ({"reasoning_effort": "some"}, "found 'some' for reasoning_effort, expected 'off', 'none', 'minimal'"),
        ({"vary": "words"}, "found 'words' for vary, expected 'wording'"),
        ({"references": "all"}, "found 'all' for references, expected 'answers' or 'reasoning'"),
        ({"laiers": 3}, "unknown key 'laiers'; did you mean 'layers'?"),
        ({"preset": "offline", "proposers": ["offline:words"]}, "found the preset 'offline' and proposers"),
    ],
)
def test_a_wrong_value_in_the_form_is_one_sentence(filled: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        form_settings(filled)

    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_what_is_left_empty_in_the_form_is_not_given_and_the_servers_keys_are_its_own() -> None:
    filled = {"preset": None, "base_url": "", "docs": [], "prices": {}, "thread_id": "t", "__pregel_store": object()}

    assert form_settings(filled) == Settings()


def test_what_models_think_is_in_the_form() -> None:
    filled = {"proposers": ["offline:words"], "samples": 2, "more_room": True, "vary": "wording"}
    filled |= {"reasoning_effort": "low", "references": "reasoning", "tier": "flex"}
    plan = plan_of(form_settings(filled).choose()[0].build())

    assert {*filled} <= form_of(create_moa(proposers=["offline:words"], layers=1)).model_fields.keys()
    assert ([seat.wording for seat in plan.seated.panel[0]], plan.rules.more_room) == ([0, 1], True)
    assert plan.seated.chain[0].reads_thinking


def test_prompts_are_marked_for_the_nodes_that_are_told_them() -> None:
    moa = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words", layers=3)

    fields = form_of(moa).model_json_schema()["properties"]

    assert fields["proposer_prompt"]["langgraph_type"] == fields["aggregator_prompt"]["langgraph_type"] == "prompt"
    assert fields["proposer_prompt"]["langgraph_nodes"] == ["layer_2/stems", "layer_2/words"]
    assert fields["aggregator_prompt"]["langgraph_nodes"] == ["aggregate"]
    assert "$references" in fields["aggregator_prompt"]["default"]
    assert set(fields["proposer_prompt"]["langgraph_nodes"]) <= set(moa.get_graph().nodes)


def test_mixtures_of_the_same_nodes_share_a_form_and_others_have_their_own() -> None:
    def form(**options: Any) -> Any:
        return form_of(create_moa(proposers=["offline:words"], aggregator="offline:words", **options))

    assert form(layers=3) is form(layers=3, timeout=5)
    assert form(layers=3) is not form(layers=4)
