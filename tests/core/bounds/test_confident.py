"""A confidence that nobody could measure, or that nobody asks for, is refused."""

from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from langgraph_moa import Confident, ConfigError, EarlyStop, Proposer, create_moa
from panels import agent, says
from tables import each


def build(**options: Any) -> Any:
    two = [Proposer(says("x", name), name=name) for name in ("a", "b")]
    return create_moa(**{"proposers": two, "aggregator": says("y"), "waves": (1,), **options})


ALONE: dict[str, Any] = {"layers": 1, "proposers": ["offline:words"], "aggregator": None}


@each(
    ("options", "expected"),
    [
        ({"confidence": 0.9}, r"found 0.9 as the confidence, expected Confident\(0.9\)"),
        ({"confidence": Confident(0)}, "found threshold=0 for the confidence, expected a number above 0"),
        ({"confidence": Confident(90)}, "found threshold=90 for the confidence, expected a number above 0 to 1"),
        ({"confidence": Confident(cast("Any", True))}, "found threshold=True"),
        ({"confidence": Confident(0.9, function=lambda q, p: 1, timeout=0)}, "found timeout=0 for the confidence"),
        (
            {"confidence": Confident(0.9, model="offline:words", logprobs="mean")},
            "found model and logprobs for the confidence, expected one of them",
        ),
        ({"confidence": Confident(0.9, logprobs=cast("Any", "most"))}, "found logprobs='most'"),
        ({"confidence": Confident(0.9, function=cast("Any", 5))}, "found 5 as the confidence's function"),
        ({"confidence": Confident(0.9), "waves": ()}, "found a confidence with a first stage of 2, expected one model"),
        (
            {
                "confidence": Confident(0.9),
                "waves": (),
                "layers": 1,
                "proposers": ["offline:words"],
                "aggregator": None,
            },
            "found a confidence with a first stage of none",
        ),
        ({"confidence": Confident(0.9), "early_stop": None}, r"found waves=\(1,\) without an early stop"),
        ({"confidence": Confident(0.9, logprobs="mean")}, "found logprobs for the confidence of scripted|of a"),
        (
            {"waves": (1,)},
            r"found a first stage of one that does not know when it is unsure, expected a sign: ask it several times "
            r"\(Proposer\(model, samples=3\)\), or measure it \(confidence=Confident\(0.9\)\); or begin with two",
        ),
        (
            {"waves": (1, 1), "samples": 3, "escalate": ["offline:words"]},
            r"found waves=\(1, 1\) with quorum=1, expected a smaller one: after 3 samples that differ",
        ),
        ({"waves": (), "escalate": "offline:words"}, "found 'offline:words' as escalate, expected a list of models"),
        ({"waves": (), "escalate": [["offline:words"]]}, "found lists in escalate, expected models"),
        ({"waves": (), "escalate": ["offline:words"], "early_stop": None}, "found escalate without an early stop"),
        ({"waves": (2, 1), "escalate": ["offline:words"]}, "of 2 proposers beside those of escalate, expected as many"),
        (
            {
                "waves": (),
                "escalate": ["offline:words"],
                "layers": 1,
                "proposers": ["offline:words"],
                "aggregator": None,
            },
            "found layers=1 with escalate",
        ),
    ],
)
def test_what_could_not_be_measured_is_refused(options: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        build(**options)


def test_a_graph_is_not_made_to_do_its_work_again() -> None:
    worker = agent(AIMessage("x"))
    with pytest.raises(ConfigError, match="a graph, which would do its work again"):
        build(proposers=[worker, says("b")], confidence=Confident(0.9))
    build(proposers=[worker, says("b")], confidence=Confident(0.9, model=says("c")))


def test_what_asks_the_other_api_tells_no_logprobs_here() -> None:
    chat = ChatOpenAI(model="m", api_key=cast("Any", "k"), use_responses_api=True)
    with pytest.raises(ConfigError, match="found logprobs for the confidence of m"):
        build(proposers=[chat, says("b")], confidence=Confident(0.9, logprobs="mean"))


def test_waves_of_one_need_a_rule_that_samples_can_keep() -> None:
    build(waves=(1, 1), samples=3, escalate=["offline:words"], early_stop=EarlyStop(quorum=0.7))
    build(proposers=[says("a")], waves=(), samples=3, escalate=["offline:words"])
