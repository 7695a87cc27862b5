"""Ask whether texts agree: two by their final answers, or several by a measure."""

import asyncio
from collections.abc import Sequence

from langgraph_moa import Agreement, Measure
from langgraph_moa.core.agreement.answers import final_answer
from langgraph_moa.core.agreement.comparing import compare_texts
from langgraph_moa.core.agreement.values import same_answer


def same(one: str, other: str) -> bool:
    a, b = final_answer(one), final_answer(other)
    return a is not None and b is not None and same_answer(a, b)


def judge(measure: Measure, texts: Sequence[str]) -> Agreement:
    return asyncio.run(compare_texts(measure, texts))
