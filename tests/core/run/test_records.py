"""What a run carries is plain JSON, with every field that its shape names."""

import json
from typing import Any, get_args

from langgraph_moa import EarlyStop, Moderator, Retriever, Screen, create_moa, create_rag_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.cited import Citation, Evidence, Found
from langgraph_moa.core.run.records import (
    USABLE,
    Aggregation,
    Agreed,
    Call,
    Moderation,
    Proposal,
    Report,
    Retrieved,
    Status,
    Verdict,
    place_of,
)
from langgraph_moa.core.run.screening import Alone, Screening
from reading import user
from records import a_proposal
from tables import each


def ran(*, with_evidence: bool) -> dict[str, Any]:
    models = [ScriptedModel(script="Final answer: 7 [E1]", name_of_model=name) for name in "abc"]
    choice = ScriptedModel(script='{"best": [1], "stop": false}', name_of_model="m")
    given: dict[str, Any] = {"proposers": models, "aggregator": models[0], "layers": 3, "early_stop": EarlyStop()}
    if with_evidence:
        look = Retriever(lambda query: ["The lamp is green."], name="wiki")
        return create_rag_moa(retrievers=[look], **given).invoke(user("Which?"))
    models[2] = ScriptedModel(script="Final answer: 8", name_of_model="c")
    return create_moa(moderator=Moderator(choice), screen=Screen(), **{**given, "early_stop": None}).invoke(
        user("Which?")
    )


WITHOUT, WITH = (ran(with_evidence=given) for given in (False, True))
PLAIN: list[tuple[Any, Any]] = [
    (WITHOUT["run"], Report),
    (WITHOUT["proposals"][0], Proposal),
    (WITHOUT["run"]["aggregators"][0], Aggregation),
    (WITHOUT["verdicts"][0], Verdict),
    (WITHOUT["verdicts"][0]["moderation"], Moderation),
    (WITHOUT["verdicts"][0]["moderation"]["call"], Call),
    (WITHOUT["verdicts"][0]["screening"], Screening),
    (WITHOUT["verdicts"][0]["screening"]["alone"][0], Alone),
    (WITH["verdicts"][0]["agreement"], Agreed),
    (WITH["proposals"][0], Retrieved),
    (WITH["proposals"][0]["found"][0], Found),
    (WITH["evidence"][0], Evidence),
    (WITH["citations"][0], Citation),
]


@each(("item", "shape"), PLAIN)
def test_it_has_every_field_of_its_shape_and_is_json(item: Any, shape: Any) -> None:
    assert shape.__required_keys__ <= item.keys() <= shape.__annotations__.keys()
    assert json.loads(json.dumps(item, allow_nan=False)) == item


def test_only_known_statuses_are_usable() -> None:
    assert set(get_args(Status)) > USABLE == {"ok", "truncated"}


def test_a_place_tells_a_layers_proposals_apart() -> None:
    assert place_of(a_proposal(position=3, sample=2)) == (3, 2)
