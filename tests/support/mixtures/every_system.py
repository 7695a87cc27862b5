"""Each system, small, on the loopback server."""

from functools import partial
from typing import Any

from langgraph_moa import (
    create_best_of_n,
    create_debate,
    create_fusion,
    create_grouped_moa,
    create_moa,
    create_ranker,
    create_self_moa,
    create_self_moa_seq,
    create_single,
    create_smoa,
    create_vote,
)
from loopback import Loopback, Reply
from reading import proposals_in

POINTS = '{"consensus": ["a point"], "contradictions": [], "unique_insights": [{"proposer": 2, "insight": "another"}]}'
THREE = ["anna", "bert", "carl"]


EACH: dict[str, "partial[Any]"] = {
    "moa": partial(create_moa, proposers=THREE, aggregator="last", layers=3),
    "single": partial(create_single, model="anna"),
    "self-moa": partial(create_self_moa, model="anna", samples=3),
    "self-moa-seq": partial(create_self_moa_seq, model="anna", samples=8, window=3),
    "ranker": partial(create_ranker, proposers=THREE, ranker="last"),
    "best-of-n": partial(create_best_of_n, model="anna", samples=3),
    "vote": partial(create_vote, proposers=THREE),
    "debate": partial(create_debate, proposers=THREE, rounds=3),
    "smoa": partial(create_smoa, proposers=THREE, aggregator="last", moderator="moderator", keep=2),
    "fusion": partial(create_fusion, proposers=THREE, aggregator="last", analyst="analyst"),
    "grouped": partial(create_grouped_moa, proposers=[*THREE, "dora"], aggregator="last", group=2),
}
"""Each system, small; the names are those of settings and of the command line."""


def build(name: str, server: Loopback, **options: Any) -> Any:
    return EACH[name](**{"resolve": server.resolve, **options})


def answering(server: Loopback, words: int = 6) -> None:
    """Let everybody answer, rankers and moderators as they should."""

    def script(body: dict[str, Any]) -> Reply:
        if body["model"] == "analyst":
            return Reply(POINTS)
        if proposals_in(body):
            return Reply('{"best": [2, 1], "stop": false}')
        return Reply(" ".join([body["model"], *["w"] * (words - 4)]) + "\nFinal answer: 12")

    server.default = script
