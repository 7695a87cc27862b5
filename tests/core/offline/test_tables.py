"""Tables are read row by row, however they are written."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError, DocsRetriever
from langgraph_moa.core.offline.tables import read_table

ROWS = ["part: Pump; price: 7", "part: Lamp; price: 3"]


def rows(folder: Path, data: bytes, name: str = "a.csv") -> tuple[list[str], list[str]]:
    path = folder / name
    unread: list[str] = []
    path.write_bytes(data)
    return [text for _, text in read_table(path, unread)], unread


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"part,price\nPump,7\nLamp,3\n", ROWS),
        (b"part;price\r\nPump;7\r\nLamp;3", ROWS),
        (b"part\tprice\nPump\t7\nLamp\t3\n", ROWS),
        (b"part|price\rPump|7\rLamp|3\r", ROWS),
        (b"sep=;\npart;price\nPump;7\nLamp;3\n", ROWS),
        ('\ufeff"part","price"\nPump,7\n\nLamp,3\n'.encode(), ROWS),
        ("part,price\nPump,7\nLamp,3\n".encode("utf-16"), ROWS),
        (b'part,price\n"Pump,\n large", "7"\n', ["part: Pump, large; price: 7"]),
        (b'part;price\nPump;"1,5"\nLamp;"2,5"\n', ["part: Pump; price: 1,5", "part: Lamp; price: 2,5"]),
        (
            b'part,price\nA "big" pump,7\n"A ""big"" lamp",3\n',
            ['part: A "big" pump; price: 7', 'part: A "big" lamp; price: 3'],
        ),
        (b"Prices of 2026\n\npart,price\nPump,7\nLamp,3\n", ["Prices of 2026", *ROWS]),
        (b"Prices,,\n,,\npart,price,unit\nPump,7,eur\n", ["Prices", "part: Pump; price: 7; unit: eur"]),
        (b"part,,price\nPump,blue,7\n", ["part: Pump; blue; price: 7"]),
        (b"part,price\nPump\nLamp,3,extra\n", ["part: Pump", "part: Lamp; price: 3; extra"]),
        (b"1,Pump\n2,Lamp\n", ["1; Pump", "2; Lamp"]),
        (b"part,price\n", ["part; price"]),
        (b"pump\nlamp\n", ["pump", "lamp"]),
        (b"", []),
        (b"\n\n,,\n", []),
    ],
)
def test_each_row_names_its_columns(tmp_path: Path, data: bytes, expected: list[str]) -> None:
    assert rows(tmp_path, data) == (expected, [])


def test_what_is_not_as_it_should_be_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    western, told = rows(tmp_path, "Gerät;Preis\nBüro-Lampe;5 €\n".encode("cp1252"))
    assert (western, told) == (["Gerät: Büro-Lampe; Preis: 5 €"], ["is read as Windows-1252, for it is no UTF-8"])

    unclosed, told = rows(tmp_path, b'part,price\n"Pump,7\nLamp,3\nSeal,2\n')
    assert unclosed == ['part: "Pump; price: 7', "part: Lamp; price: 3", "part: Seal; price: 2"]
    assert told == ["has a quotation mark that never closes; all of them are read as text"]


@pytest.mark.parametrize(
    "data",
    [
        "Гарантия;два года".encode("cp1251"),
        "保修;两年".encode("gb18030"),
        b"PK\x03\x04\x00\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF-1.7",
        b"a,b\n\x00,\x01\n",
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"found '.*a.csv', expected a table as text"):
        rows(tmp_path, data)


def test_a_huge_field_is_split_and_found(tmp_path: Path) -> None:
    text = " ".join(f"remark {n}" for n in range(40_000))
    (tmp_path / "a.csv").write_text(f'id,text\n1,"{text} warranty of two years"\n2,"pump"\n')

    (passage,) = DocsRetriever(docs=tmp_path, k=1).invoke("warranty")

    assert "warranty of two years" in passage.page_content
    assert len(passage.page_content) <= 1_800


def test_tabs_and_commas_are_told_apart_by_the_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, b"name\tplace\nA, B\tC, D\nE, F\tG, H\n", "a.tsv")[0] == [
        "name: A, B; place: C, D",
        "name: E, F; place: G, H",
    ]
