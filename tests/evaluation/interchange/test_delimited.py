"""CSV and TSV: written so that a spreadsheet works nothing out, and read as people write it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange.delimited import csv_rows, write_csv
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.spool import Spool
from tables import each


def read(path: Path, content: bytes | None = None, losses: Losses | None = None) -> list[dict[str, Any]]:
    if content is not None:
        path.write_bytes(content)
    return [item for _, item in csv_rows(path, losses or Losses())]


def written(path: Path, *items: dict[str, Any]) -> tuple[str, list[str]]:
    losses = Losses()
    path.unlink(missing_ok=True)
    with Spool(iter(items)) as spool:
        write_csv(spool, path, losses)
    return path.read_text("utf-8"), losses.sentences()


@each(
    "content, items",
    [
        (b"question,gold\na,b\n", [{"question": "a", "gold": "b"}]),
        (b'\xef\xbb\xbfquestion;gold\r\n"a;1,2";\r\n', [{"question": "a;1,2", "gold": None}]),
        (b"sep=;\nquestion;gold\na;b\n", [{"question": "a", "gold": "b"}]),
        (b"question|gold\na|b,c\n", [{"question": "a", "gold": "b,c"}]),
        (b"question\na, b; c\n", [{"question": "a, b; c"}]),
        (b'question,gold\n"a\nb ""c""",d\n', [{"question": 'a\nb "c"', "gold": "d"}]),
        ("question,gold\nä,1\n".encode("utf-16"), [{"question": "ä", "gold": "1"}]),
        (b'"a;b",question\n1,2\n', [{"a;b": "1", "question": "2"}]),
        (b",question\n0,a\n", [{"column 1": "0", "question": "a"}]),
        (b'question,choices,n (JSON)\na,"[""x""]",5\n', [{"question": "a", "choices": ["x"], "n": 5}]),
        (b"question,seconds\na,1.5\n", [{"question": "a", "seconds": 1.5}]),
        (b"question,gold\n'=1,'-x\n", [{"question": "=1", "gold": "-x"}]),
        (b"question,choices\na,x or y\n", [{"question": "a", "choices": "x or y"}]),
    ],
)
def test_what_is_read(tmp_path: Path, content: bytes, items: list[dict[str, Any]]) -> None:
    assert read(tmp_path / "a.csv", content) == items


@each(
    "content, message",
    [
        (b"", "found no columns"),
        (b"question,question\na,b\n", "'question' twice"),
        (b"question,gold\na,b,c\n", "found 3 cells in row 2"),
        (b'question,gold\n"a,b\n', "each cell closed"),
        (b'question,gold\n"a"x,b\n', "each quotation mark"),
        (b"question,gold\n\xff\xfea,b\n", "no UTF-8"),
        (b"question,n (JSON)\na,{\n", "expected JSON"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "a.csv", content)

    assert message in str(caught.value)


def test_cells_that_a_spreadsheet_would_work_out_are_guarded_and_come_back(tmp_path: Path) -> None:
    items = [{"question": q, "gold": "-5"} for q in ("=HYPERLINK(1)", "+x", "@y", "-z", "'=x", "\tx", "-5 + 3", "it's")]
    text, sentences = written(tmp_path / "a.csv", *items)

    assert [line.split(",")[0] for line in text.splitlines()][1:5] == ["'=HYPERLINK(1)", "'+x", "'@y", "'-z"]
    assert "OWASP" in sentences[0]
    assert read(tmp_path / "a.csv") == items


def test_nested_values_are_json_under_their_names(tmp_path: Path) -> None:
    item = {"question": "a", "responses": {"m": {"text": "=b", "usd": 0.5}}, "tags": ["x"], "n": 3, "answer": None}
    text, sentences = written(tmp_path / "A.TSV", item)

    assert text.splitlines()[0].split("\t") == ["question", "responses", "tags (JSON)", "n (JSON)", "answer"]
    assert sentences == []
    assert read(tmp_path / "A.TSV") == [item]


def test_what_a_table_cannot_hold_is_told(tmp_path: Path) -> None:
    _, sentences = written(tmp_path / "a.csv", {"question": "a", "gold": 5}, {"question": "", "gold": "x"})

    assert [*read(tmp_path / "a.csv")] == [{"question": "a", "gold": "5"}, {"question": None, "gold": "x"}]
    assert len(sentences) == 2


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | NAMES
    | st.lists(NAMES, max_size=2)
    | st.dictionaries(NAMES, NAMES, max_size=2)
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["tags", "n", "a,b", "x (JSON)", "=f", "question"]), VALUES, min_size=1),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]
) -> None:
    items = [{**item, "question": str(item.get("question") or "x")} for item in items]
    path = tmp_path_factory.getbasetemp() / "round.csv"
    written(path, *items)

    assert [{k: v for k, v in item.items() if v is not None} for item in read(path)] == [
        {k: v for k, v in item.items() if v is not None} for item in items
    ]
