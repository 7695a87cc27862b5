"""A mixture by sections is declared as any other, and says what it does not take."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ConfigError, Rank, Vote, create_sectioned_moa, report
from panels import panel, says
from reading import QUESTION
from syrupy.assertion import SnapshotAssertion

TEXT = "\n\n".join(f"Paragraph {n}: nobody can tell what will come of it." for n in range(3))

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sections": 1}, "found sections=1, expected a whole number from 2 to 4"),
    ({"sections": 5}, "found sections=5, expected a whole number from 2 to 4"),
    ({"section_chars": 0}, "found section_chars=0"),
    ({"review": True}, "found review in create_sectioned_moa, which decides it itself"),
    ({"stream_proposals": True}, "found stream_proposals in create_sectioned_moa, which decides it itself"),
    ({"aggregator": Vote()}, "found an aggregator that writes nothing"),
    ({"aggregator": Rank(says("1"))}, "found an aggregator that writes nothing"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_what_it_cannot_do_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_sectioned_moa(**{"proposers": panel("x"), "aggregator": says("y"), **options})


def test_its_drawing_has_one_box_for_all_who_answer(snapshot: SnapshotAssertion) -> None:
    moa = create_sectioned_moa(proposers=panel(TEXT, TEXT), aggregator=says("y"))

    assert moa.get_graph().draw_mermaid() == snapshot


def test_models_that_cannot_stream_are_aggregated_as_usual_and_the_page_shows_it() -> None:
    whole: Any = RunnableLambda(lambda _: AIMessage(TEXT))
    moa = create_sectioned_moa(proposers=[whole], aggregator=says("y"), section_chars=20)

    result = moa.invoke(QUESTION)

    assert result["messages"][-1].text == "y"
    assert "Paragraph 2" in report(result, moa)
