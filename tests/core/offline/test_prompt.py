"""A prompt is read for its question, and for what is fenced around it."""

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa.core.offline.prompt import read_prompt

BLOCK = '<call-ab name="x">\nx\n</call-ab>\n'


@pytest.mark.parametrize("gap", ["", " ", "\n" * 300])
def test_blocks_are_no_part_of_a_question(gap: str) -> None:
    question = read_prompt([HumanMessage(f"{BLOCK}{gap}What now?{gap}{BLOCK}")]).question

    assert question.strip() == "What now?"
