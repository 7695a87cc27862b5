"""Whatever was not checked has its words."""

from typing import get_args

from langgraph_moa.core.run.cited import Unchecked
from langgraph_moa.nodes.evidence.check_citations import _UNCHECKED


def test_each_reason_is_told_in_words() -> None:
    assert {*get_args(Unchecked)} == {*_UNCHECKED}
