"""A prompt is read for its question, and for what is fenced around it."""

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa.core.offline.arithmetic import work_out
from langgraph_moa.core.offline.prompt import read_prompt
from linear import SIZE, no_hang, spread

BLOCK = '<call-ab name="x">\nx\n</call-ab>\n'


@pytest.mark.parametrize("piece", ["", "1/2", "what is 1/2", BLOCK])
def test_a_question_of_blanks_is_read_once(piece: str) -> None:
    with no_hang():
        for question in [*spread(piece), f"{' ' * SIZE}x {piece}"]:
            told = read_prompt([HumanMessage(question)])
            work_out(told.question)
            assert told.question.strip("x \n\t") == ("" if piece == BLOCK else question.strip("x \n\t"))
