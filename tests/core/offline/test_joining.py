"""Quotations are joined, and proposals ordered and compared, by what they share."""

import json

import pytest
from langgraph_moa.core.offline.joining import combine, compare_lines

PRIMED = "“The pump is primed with water.” (a.md, Pumps)"


GREEN = "“The lamp is green.” (a.md, Lamps (old))"


OTHER = "“The tyre is flat.” (b.md, Tyres)"


@pytest.mark.parametrize(
    ("references", "answer"),
    [
        (["a\nb", "b\nc", "c\nb"], "b\nc"),
        (["a", "b"], "a"),
        (["The offline models cannot answer this: …", "b"], "b"),
        (["The offline models cannot answer this: …"] * 2, "The offline models cannot answer this: …"),
        (["a\na", "b"], "a\na"),
        ([PRIMED, GREEN], f"{PRIMED}\n{GREEN}"),
        ([f"{PRIMED}\n{GREEN}", GREEN], f"{GREEN}\n{PRIMED}"),
        ([PRIMED, OTHER], PRIMED),
        ([PRIMED, OTHER, OTHER], f"{OTHER}\n{PRIMED}"),
        ([OTHER, "“The rose is red.” (b.md, Roses)"], OTHER),
        ([PRIMED, "I say that the lamp is green."], PRIMED),
        (
            [f"“Pump and lamp {n}.” (a.md, a)" for n in range(9)],
            "\n".join(f"“Pump and lamp {n}.” (a.md, a)" for n in range(4)),
        ),
    ],
)
def test_an_aggregator_joins_what_is_shared_and_what_one_found_alone(references: list[str], answer: str) -> None:
    assert combine(references, "How is the pump primed, and is the lamp green?") == answer


@pytest.mark.parametrize(
    ("references", "kept"),
    [
        (["Use the tool a.", "b"], "b"),
        (["Use the tool a.\nb", "c\nb"], "b"),
        (["Use the tool a."] * 2 + ["b"], "b"),
        (["Use the tool a."] * 2, "Use the tool a."),
        (["Use the tool a.", "The offline models cannot answer this: …"], "The offline models cannot answer this: …"),
        (["Use the tool of your choice.", "b"], "Use the tool of your choice."),
        (["The passages do not answer this.", "“b” [E1]"], "“b” [E1]"),
    ],
)
def test_naming_a_tool_is_no_answer(references: list[str], kept: str) -> None:
    assert combine(references, "Hm?") == kept


def test_an_analyst_compares_by_equal_lines_and_sums() -> None:
    found = json.loads(compare_lines(["a\nb\n2 * 3 = 6", "a\nb\n2 * 3 = 5", "a\nc"], "Which lamp is a or b?"))

    assert found == {
        "consensus": ["a"],
        "contradictions": [
            {"topic": "2 * 3", "stances": [{"proposers": [1], "stance": "6"}, {"proposers": [2], "stance": "5"}]}
        ],
        "partial_coverage": [{"point": "b", "proposers": [1, 2]}],
        "unique_insights": [{"proposer": 3, "insight": "c"}],
        "blind_spots": ["lamp"],
    }


def test_where_nobody_answers_the_question_is_a_blind_spot() -> None:
    silent = "The offline models cannot answer this: …"

    assert json.loads(compare_lines([silent, silent], "Which?"))["blind_spots"] == ["Which?"]
