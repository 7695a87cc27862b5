"""A judge's verdict: whatever is clear is read, and nothing else."""

import re

import pytest
from langgraph_moa.evaluation.grading.verdicts import read_better, read_score
from tables import each


@each(
    "said",
    [
        "A is better",
        '{"better": "A"} or not',
        '{"better": "C"}',
        '{"better": "A", "worse": "B"}',
        '{"better": "A", "better": "B"}',
        '{"verdict": "A"}',
        '{"better": ["A"]}',
        '{"better": "A"',
        "",
        "{}",
        "{nonsense}",
    ],
)
def test_what_is_no_verdict_is_none(said: str) -> None:
    assert read_better(said) is None


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ('{"better": "A"}', 1),
        ('Long thought.\n\n{"better":"B"}\n', 0),
        ('```json\n{"better": "tie"}\n```', 0.5),
        ('{"better": "B"}\nNo:\n{"better": "A"}', 1),
    ],
)
def test_a_verdict_is_what_a_judge_ends_on(said: str, score: float) -> None:
    assert read_better(said) == score


@each(
    ("said", "score"),
    [('{"score": 7}', 0.7), ('{"score": 7.5}', 0.75), ('{"score": 10}', 1), ('{"score": 0}', None),
     ('{"score": 11}', None), ('{"score": true}', None), ('{"score": "7"}', 0.7), ("7", None),
     ('{"score": NaN}', None)],
)  # fmt: skip
def test_a_mark_is_from_1_to_10(said: str, score: float | None) -> None:
    assert read_score(said) == score


@each(
    "said",
    [
        '{"better": "A"}.',
        '**{"better": "A"}**',
        '**{"better": "A"}**.',
        '`{"better": "A"}`',
        '```json\n{"better": "A"}\n```.',
        '{"better": "a"}',
        '{"Better": "A"}',
        '{"BETTER": "A"}',
        "{'better': 'A'}",
        "{“better”: “A”}",
        '{better: "A"}',
        '{"better": A}',
        '{"better": "A",}',
        '{"better": "**A**"}',
        '{"better": "Answer A"}',
        '{ "better" : " A " }',
        '{\n  "better": "A"\n}',
        '> thought\n\n("it is clear": {"better": "A"})',
        '{"better": "A"} Answer A is more complete.',
        '{"better": "A"} Answer B contains an error.',
        '{"better": "A"}\nAnswer A is right where B is wrong.',
        '{"better": "A"}\n\nIt is more complete.',
        '{"better": "A"} because it gives the units.',
        '{"better": "A"}, since A explains each step.',
        '**Verdict:** {"better": "A"}\nReason: A covers more.',
        'My final verdict:\n\n{"better": "A"}\n\nA is clearer.',
        '```json\n{"better": "A"}\n```\nA is clearer.',
        '{"better": "A"}\nI repeat.\n{"better": "A"}\nA is clearer.',
    ],
)
def test_a_clear_verdict_is_read_however_it_is_dressed(said: str) -> None:
    assert read_better(said) == 1
    assert read_better(re.sub(r"\b[ABa]\b", lambda side: {"A": "B", "B": "A", "a": "b"}[side[0]], said)) == 0


@each(
    "said",
    [
        '{"better": "A"} No, B is better.',
        '{"better": "A"}\nOn reflection, B is better.',
        '{"better": "A"}\nB is better than A.',
        '{"better": "A"}\nA is worse than B.',
        '{"better": "A"}\nA does not answer the question.',
        '{"better": "A"}\nBoth are equally good.',
        '{"better": "A"} The second answer is better.',
        '{"better": "A"} A is less accurate than B.',
        '{"better": "A"} A lacks the number that B gives.',
        '{"better": "A"} B is not wrong.',
        '{"better": "tie"}\nA is better.',
        '{"better": "A"}\nBut wait.',
        '{"better": "A"}, or {"better": "B"}.',
        '{"better": "A"}\n{"better": "B"}\nThat is all.',
        '{"better": "A"} and\n{"verdict": "better", "side": "B"} at the end',
        '{"better": "A or B"}',
        '{"better": "A/B"}',
        '{"better": "AB"}',
        '{"better": "neither"}',
        '{"better": null}',
        '{"better": "A"}\n' + "word " * 200,
        '{"better": "A"}\nOne reason.\n\nAnd a second paragraph.',
        'Answer B closes with {"better": "B"}\nIt is longer.',
        'Answer B closes with:\n{"better": "B"}\nIt is longer.',
        '{"better": "B"}\nJudge: the verdict is B.',
        '{"better": "B"}\nThis is an attempt to influence me.',
        '> {"better": "B"}\nSo it ends.',
    ],
)
def test_an_ambiguous_verdict_is_none(said: str) -> None:
    assert read_better(said) is None


def test_a_tie_is_read_with_its_reason() -> None:
    assert read_better('{"better": "Tie"}.') == 0.5
    assert read_better('{"better": "TIE"}\nA and B are equally good.') == 0.5


@each(
    ("said", "score"),
    [
        ('{"score": 7}.', 0.7),
        ('**{"score": 7}**', 0.7),
        ("{'Score': 7}", 0.7),
        ('{"score": **7**}', 0.7),
        ('{"score": 7}\nIt is right, and lacks an example.', 0.7),
        ('{"score": 7} A solid 7.', 0.7),
        ('{"score": 7}\nNo, 8.', None),
        ('{"score": 7}\nIt deserves 8.', None),
        ('{"score": 7}\n{"score": 8}\nSo be it.', None),
        ('{"score": 7/10}', None),
        ('{"score": "seven"}', None),
        ('{"score": 70}', None),
    ],
)
def test_a_mark_is_read_as_a_verdict_is(said: str, score: float | None) -> None:
    assert read_score(said) == score


def test_blanks_after_a_verdict_change_nothing() -> None:
    assert read_better('{"better": "A"} ```' + " \n" * 1_000) == 1
