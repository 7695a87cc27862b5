"""Wrong arguments are refused in one sentence, before anything is asked."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import (
    Aggregator,
    ConfigError,
    Limits,
    Proposer,
    Quorum,
    create_moa,
)
from panels import says
from tables import each

A = says("a")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"proposers": []}, "found no proposers"),
    ({"proposers": "openai:gpt"}, "found str as proposers, expected a list of models"),
    ({"proposers": [A], "aggregator": None}, "found no aggregator"),
    ({"proposers": [A, A], "layers": 1}, "found layers=1 with 2 proposers"),
    ({"proposers": [A], "layers": 1}, "found layers=1 with an aggregator"),
    ({"proposers": [A], "layers": 1, "aggregator": None, "samples": 2}, "several samples"),
    ({"proposers": [A], "layers": 0}, "found layers=0"),
    ({"proposers": [A], "layers": 2.5}, "found layers=2.5"),
    ({"proposers": [[A], [A]], "layers": 2}, "found layers=2 with 2 lists of proposers, expected 3"),
    ({"proposers": [[A], A]}, "mix models with lists"),
    ({"proposers": [[A], []]}, "an empty list"),
    ({"proposers": [42]}, "found int as a model"),
    ({"proposers": ["gpt-4"]}, "expected 'provider:model'"),
    ({"proposers": ["opnai:gpt-4"]}, "unknown provider 'opnai' in 'opnai:gpt-4'; did you mean 'openai'?"),
    ({"proposers": ["offline:wrods"]}, "unknown offline model 'wrods'; did you mean 'words'?"),
    ({"proposers": ["openai:gpt-6-luna"]}, "OPENAI_API_KEY is not set"),
    ({"proposers": ["together:x/y"]}, "TOGETHER_API_KEY is not set"),
    ({"proposers": ["anthropic:claude"]}, "langchain-anthropic"),
    ({"proposers": [Proposer(A, name="x"), Proposer(A, name="x")]}, "found the name 'x'"),
    ({"proposers": [Proposer(A, name="a:b")]}, "found the name 'a:b'"),
    ({"proposers": [Proposer(A, name="a(b)")]}, "found the name 'a(b)'"),
    ({"proposers": [Proposer(A, name=" ")]}, "found the name ' '"),
    ({"proposers": [Aggregator(A)]}, "found Aggregator(...), expected Proposer(...)"),
    ({"proposers": [A], "aggregator": Proposer(A)}, "found Proposer(...), expected Aggregator(...)"),
    ({"proposers": [A], "timeout": -1}, "found timeout=-1, expected a number above 0"),
    ({"proposers": [Proposer(A, timeout=0)]}, "found timeout=0 for 'scripted'"),
    ({"proposers": [A], "temperature": -0.1}, "found temperature=-0.1"),
    ({"proposers": [A], "max_tokens": 0}, "found max_tokens=0"),
    ({"proposers": [A], "samples": 0}, "found samples=0"),
    ({"proposers": [Proposer(A, samples=0)]}, "found samples=0 for 'scripted'"),
    ({"proposers": [A], "min_proposals": 0}, "found min_proposals=0"),
    ({"proposers": [A], "min_proposals": 2}, "expected at most 1"),
    ({"proposers": [A], "layers": True}, "found layers=True, expected a whole number from 1"),
    ({"proposers": [A], "min_proposals": True}, "found min_proposals=True"),
    ({"proposers": [A], "temperature": float("inf")}, "found temperature=inf"),
    ({"proposers": [A], "samples": None}, "found samples=None"),
    ({"proposers": [Proposer(A, name=5)]}, "found the name 5"),  # type: ignore[arg-type]
    ({"proposers": [Proposer(A, system_prompt=5)]}, "found int as the system prompt"),  # type: ignore[arg-type]
    ({"proposers": [Proposer(A, tags="abc")]}, "found tags='abc'"),  # type: ignore[arg-type]
    ({"proposers": [{"model": "x", "api_key": "sk-1234567890"}]}, "found dict as a model"),
    ({"proposers": ["openai:x"], "resolve": lambda spec, **_: None}, "found NoneType from resolve('openai:x')"),
    ({"proposers": [A], "resolve": None}, "found resolve=None"),
    ({"proposers": [A], "proposer_prompt": 5}, "found int as a prompt"),
    ({"proposers": [A], "placement": "first"}, "found placement='first'"),
    ({"proposers": [A], "aggregator": []}, "found an empty list of aggregators"),
    ({"proposers": [A], "aggregator": [A, Proposer(A)]}, "found Proposer(...), expected Aggregator(...)"),
    ({"proposers": [A], "quorum": 1}, "found 1 as the quorum, expected Quorum(k"),
    ({"proposers": [A], "quorum": Quorum(2)}, "found Quorum(2), expected at most 1, the smallest layer"),
    ({"proposers": [A], "quorum": Quorum(0)}, "found k=0 for the quorum"),
    (
        {"proposers": [A, A], "quorum": Quorum(1), "min_proposals": 2},
        "found k=1 for the quorum, expected a whole",
    ),
    ({"proposers": [A], "quorum": Quorum(1, grace_s=-1)}, "found grace_s=-1 for the quorum"),
    ({"proposers": [A], "limits": Limits(provider="x")}, "found Limits as limits"),
    ({"proposers": [A], "cache": {}}, "found dict as the cache"),
    ({"proposers": [A], "context_tokens": 0}, "found context_tokens=0"),
    ({"proposers": [Proposer(A, context_tokens=-5)]}, "found context_tokens=-5 for 'scripted'"),
    ({"proposers": [A], "proposer_prompt": "no variable"}, "found no $references in the prompt"),
    ({"proposers": [A], "aggregator_prompt": "$references $nonsense"}, "found $nonsense in the prompt"),
    ({"proposers": [Proposer(RunnableLambda(str), temperature=1)]}, "a chain or graph sets those on its own models"),
]


@each(("arguments", "expected"), REFUSED)
def test_wrong_arguments_are_refused_in_one_sentence(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        create_moa(**{"aggregator": A, **arguments})

    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
