"""Questions and rows, gone through before anybody is asked."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from answering import ASKED, alone, bytes_of, panel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, ConfigError, abatch


async def test_rows_of_another_kind_are_refused(out: Path) -> None:
    await abatch(alone(), ASKED[:2], out)
    before = bytes_of(out)
    refused: list[tuple[Any, Sequence[Any], str]] = [
        (panel(), ASKED, r"found a row of another mixture in line 1 .* expected format \d+: first"),
        (alone([]), ASKED[1:], r"found a row of '\w{12}' in line 1 of .*, which is none of the questions"),
        (alone([]), [*ASKED, " "], "found no text in `question` in question 6"),
    ]

    for moa, questions, told in refused:
        with pytest.raises(ConfigError, match=told):
            await abatch(moa, questions, out)
    await asyncio.to_thread(out.write_bytes, before * 2)
    with pytest.raises(ConfigError, match=r"found a second row of '.*' in line 3"):
        await abatch(alone([]), ASKED, out)

    assert bytes_of(out) == before * 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"moa": 3}, "found int that is no mixture"),
    ({"moa": panel(review=True, checkpointer=InMemorySaver())}, "found review=True in a batch"),
    ({"questions": []}, "found no questions, expected at least one"),
    ({"questions": (text for text in ASKED)}, "found generator as questions, expected what can be gone through twice"),
    ({"concurrency": 0}, "found concurrency=0"),
    ({"budget": 3}, "found 3 as the budget"),
    ({"budget": Budget()}, r"found Budget\(\) without a limit"),
    ({"budget": Budget(tokens=9)}, r"found Budget\(tokens=...\) over what cannot be bounded \(model: no max_tokens"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED)
async def test_wrong_options_are_refused(out: Path, wrong: dict[str, Any], told: str) -> None:
    right: dict[str, Any] = {"moa": alone([]), "questions": ASKED}

    with pytest.raises(ConfigError, match=told):
        await abatch(**{**right, **wrong}, out=out)

    assert bytes_of(out) == b"not there"


class Fleeting:
    """Have questions the first time only."""

    def __init__(self) -> None:
        self.passes = iter([ASKED])

    def __iter__(self) -> Iterator[str]:
        return (text for text in next(self.passes, []))


async def test_questions_that_are_gone_the_second_time_are_told_as_left(out: Path) -> None:
    report = await abatch(alone([]), Fleeting(), out)

    assert (report["answered"], report["left"]) == (0, len(ASKED))
    assert "fewer questions came when all were gone through again" in str(report["stopped"])


def test_questions_and_rows_are_two_files(out: Path) -> None:
    out.write_text('{"question": "Why?"}\n')

    with pytest.raises(ConfigError, match="as questions and as rows, expected two files"):
        asyncio.run(abatch(alone([]), out, out))


async def test_questions_that_change_while_they_are_asked_are_told(out: Path) -> None:
    class Changing:
        texts = iter([["a"], ["b"]])

        def __iter__(self) -> Any:
            return iter(next(self.texts))

    with pytest.raises(ConfigError, match="only the second time that all were gone through"):
        await abatch(alone([]), Changing(), out)
