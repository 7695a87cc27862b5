"""Documents are found and read as they are written."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.library import library_for

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]


def test_hidden_folders_are_not_searched_and_names_tell_folders_apart(tmp_path: Path) -> None:
    for name in ("a/lamp.md", "b/lamp.md", "a/.git/lamp.md", "a/node_modules/lamp.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"The lamp of {name}.")

    found = DocsRetriever(docs=[tmp_path / "a", tmp_path / "b"], k=9).invoke("lamp")

    assert sorted(document.metadata["source"] for document in found) == ["a/lamp.md", "b/lamp.md"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("\ufeff# Lamp\n\nGreen lamp.".encode(), ("Lamp", "Green lamp.")),
        ("# Lamp\n\nGreen lamp.".encode("utf-16"), ("Lamp", "Green lamp.")),
        (b"# Lamp\n\n```sh\n# comment\nprime the lamp\n```\n", ("Lamp", "# comment prime the lamp")),
        (b"# Lamp\n\n~~~sh\n# comment\n\nlamp\n~~~\n", ("Lamp", "# comment lamp")),
        (b"# Lamp\n\n````md\n```py\n# lamp\n```\n````\n", ("Lamp", "```py # lamp ```")),
        (b"# Lamp\r\rGreen lamp.\r", ("Lamp", "Green lamp.")),
        (b"#!/bin/sh\nlamp", ("a", "#!/bin/sh lamp")),
    ],
    ids=["byte order mark", "utf-16", "code", "tildes", "a fence in a fence", "old line ends", "no heading"],
)
def test_text_is_read_as_it_is_written(tmp_path: Path, data: bytes, found: tuple[str, str]) -> None:
    (tmp_path / "a.md").write_bytes(data)

    (document,) = DocsRetriever(docs=tmp_path).invoke("lamp")

    assert (document.metadata["heading"], document.page_content) == found


@pytest.mark.parametrize(
    "data", ["Gewährleistung".encode("latin-1"), b"PK\x03\x04\x00\x00lamp"], ids=["latin-1", "zip"]
)
def test_what_is_no_text_is_refused_and_not_garbled(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(data)

    with pytest.raises(ConfigError, match=r"found '.*a.txt', expected"):
        DocsRetriever(docs=tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_picture_alone_is_nothing_to_quote(tmp_path: Path, variant: Any) -> None:
    text = "A ![lamp](b.png) beside a ![green one](c.png) is shown."
    (tmp_path / "a.md").write_text(f"# Lamps\n\n![A green lamp](lamp.svg)\n\n{text}")

    found = library_for((str(tmp_path),), variant).find("Which lamp is green?", variant, limit=2)

    assert [passage.text for passage in found] == [text]


def test_a_longer_fence_holds_shorter_ones(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("````\npump\n\n```\nlamp\n```\n````\n")

    (found,) = library_for((str(tmp_path),), "words").find("pump", "words", limit=2)

    assert found.text == "pump ``` lamp ```"
