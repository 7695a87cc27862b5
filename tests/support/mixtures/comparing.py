"""A panel whose answers an analyst compares, over the loopback server."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langgraph_moa import Analyst, create_moa
from loopback import Loopback, Reply, Script
from reading import proposals_in

NAMES = ["anna", "bert", "carl"]
OPEN = "{name} thinks that this takes a good many words to answer, and says why at some length"
"""What nobody can read a short answer from."""
Found = Mapping[str, Any]


def panel(server: Loopback, says: Script | Found | None = None, /, **options: Any) -> Any:
    for name in NAMES:
        if name not in server.scripts:
            server.say(name, OPEN.format(name=name))
    if says is not None:
        server.say("analyst", finding(says) if isinstance(says, Mapping) else says)
    defaults: dict[str, Any] = {"proposers": NAMES, "aggregator": "last", "analyst": Analyst("analyst")}
    return create_moa(**{**defaults, "resolve": server.resolve, **options})


def finding(found: Found) -> Script:
    """Return an analyst that finds this of proposers by name, and writes it by the numbers that they have."""

    def script(body: dict[str, Any]) -> Reply:
        return Reply(json.dumps(numbered(found, proposals_in(body))))

    return script


def numbered(found: Any, texts: Sequence[str]) -> Any:
    """Return what was found with each name as the number of the text that begins with it."""
    if isinstance(found, Mapping):
        return {key: numbered(value, texts) for key, value in found.items()}
    if isinstance(found, list):
        return [numbered(one, texts) for one in found]
    places = [n for n, text in enumerate(texts, 1) if found in NAMES and text.startswith(found)]
    return places[0] if places else found


DIFFER: Found = {
    "consensus": ["it takes words"],
    "contradictions": [
        {
            "topic": "how many",
            "stances": [{"proposers": ["anna", "carl"], "stance": "many"}, {"proposers": ["bert"], "stance": "few"}],
        }
    ],
    "partial_coverage": [{"point": "the reasons", "proposers": ["bert", "carl"]}],
    "unique_insights": [{"proposer": "anna", "insight": "a caveat"}],
    "blind_spots": ["the price"],
}
