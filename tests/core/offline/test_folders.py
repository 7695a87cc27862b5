"""Folders are looked through for documents, and nobody is led out of them."""

import errno
import os
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.offline import folders
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.folders import documents_under

NOBODY = 65_534


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"The lamp of {name}.")


def names_under(*paths: Path) -> list[str]:
    return [name for name, _ in documents_under([str(path) for path in paths]).documents]


def link_file(root: Path) -> None:
    (root / "docs/b.md").symlink_to("../outside.md")


def link_device(root: Path) -> None:
    (root / "docs/b.md").symlink_to("/dev/zero")


def link_over_links(root: Path) -> None:
    (root / "docs/.hop").symlink_to(root)
    (root / "docs/b.md").symlink_to(".hop/outside.md")


def link_to_neighbour(root: Path) -> None:
    write(root, "docs-private/x.md")
    (root / "docs/b.md").symlink_to("../docs-private/x.md")


@pytest.mark.parametrize("lead_out", [link_file, link_device, link_over_links, link_to_neighbour])
def test_a_link_that_leads_out_is_refused_by_its_name(tmp_path: Path, lead_out: Callable[[Path], None]) -> None:
    write(tmp_path, "docs/a.md", "outside.md")
    lead_out(tmp_path)

    with pytest.raises(
        ConfigError, match=r"found '.*docs/b.md', a link that leads out of '.*docs', expected documents in"
    ):
        DocsRetriever(docs=tmp_path / "docs")


def test_a_link_within_is_the_file_itself_and_read_once(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "in/b.md", ".hidden/c.md", "in/d.txt")
    (tmp_path / "0.md").symlink_to("in/b.md")
    (tmp_path / "1.md").symlink_to(".hidden/c.md")  # as Kubernetes mounts files
    (tmp_path / "in/2.md").symlink_to("../1.md")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "in/again").symlink_to(tmp_path / "in")

    listed = documents_under([str(tmp_path)])

    assert [name for name, _ in listed.documents] == ["1.md", "a.md", "in/b.md", "in/d.txt"]
    assert listed.unread == ()


def test_what_is_named_may_be_a_link_and_what_is_named_too_be_linked_to(tmp_path: Path) -> None:
    write(tmp_path, "real/a.md", "more/b.md", "c.md")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file.md").symlink_to("c.md")
    (tmp_path / "real/b.md").symlink_to("../more/b.md")

    assert names_under(tmp_path / "folder", tmp_path / "more", tmp_path / "file.md") == [
        "folder/a.md",
        "more/b.md",
        "file.md",
    ]


def test_what_is_not_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "DEEPEST", 2)
    write(
        tmp_path,
        "docs/a.md",
        "docs/1/2/b.md",
        "docs/1/2/3/4/c.md",
        "docs/x.odt",
        "docs/.h/d.md",
        "out/e.md",
        "docs/n.py",
    )
    os.mkfifo(tmp_path / "docs/p.txt")
    os.mkfifo(tmp_path / "docs/pipe")
    (tmp_path / "docs/linked").symlink_to("../out")
    (tmp_path / "docs/hiding").symlink_to(".h")
    (tmp_path / "docs/q.html").symlink_to("p.txt")
    (tmp_path / "docs/gone.md").symlink_to("nothing.md")
    (tmp_path / "docs/gone.txt").symlink_to(tmp_path / "out/nothing.md")
    (tmp_path / "docs/loop.md").symlink_to("loop.md")
    (tmp_path / "docs/y.xlsx").symlink_to("/etc/passwd")

    listed = documents_under([str(tmp_path / "docs")])

    assert [name for name, _ in listed.documents] == ["1/2/b.md", "a.md"]
    none = "it is none of .md, .txt, .rst, .pdf, .html, .htm, .csv, .tsv, .docx"
    assert listed.unread == (
        "1/2/3/ is not read: it is in 2 folders, which are the most",
        "gone.md is not read: it is a link to nothing",
        "gone.txt is not read: it is a link to nothing",
        "hiding/ is not read: it is a link to a hidden folder",
        "linked/ is not read: it is a link to another folder",
        f"loop.md is not read: it is a link, and {os.strerror(errno.ELOOP)}",
        "p.txt is not read: it is a pipe, and no file",
        "q.html is not read: it is a pipe, and no file",
        f"x.odt is not read: {none}",
        f"y.xlsx is not read: {none}",
    )


def test_more_than_the_most_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.md", "b/1.md", "b/2.md", "c/3.md", "c/4.md", "d.md")
    monkeypatch.setattr(folders, "MOST_FILES", 3)

    listed = documents_under([str(tmp_path)])
    monkeypatch.setattr(folders, "MOST_ENTRIES", 6)
    fewer = documents_under([str(tmp_path)])

    assert [name for name, _ in listed.documents] == ["a.md", "b/1.md", "b/2.md"]
    assert listed.unread == ("3 documents are not read, from c/3.md on: 3 are the most",)
    assert fewer.unread[0] == "c/ is not read: 6 names are the most; nor is what comes after it"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("pipe", "found a pipe as documents, '.*pipe', expected a file or a folder"),
        ("/dev/zero", "found a device as documents"),
        ("nothing", "found no file or folder '.*nothing', expected documents"),
        ("file.md/in", "found '.*, expected a file or folder: Not a directory"),
        ("x" * 5_000, "expected a file or folder: File name too long"),
        ("a\0b", "expected a file or folder: embedded null"),
        ("https://example.com/a.md", "expected a file or a folder of this machine"),
        ("empty", "found no documents under '.*empty', expected files ending in .md"),
    ],
)
def test_what_is_no_place_for_documents_is_refused(tmp_path: Path, given: str, told: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path, "file.md")
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigError, match=told):
        documents_under([given if given.startswith(("/", "http", "a\0")) else str(tmp_path / given)])


def test_any_name_can_stand_in_a_line(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\n\x1b]0;x\xff.md")).write_text("The lamp is green.")
    (tmp_path / "\u202egreen.odt").write_text("x")

    retriever = DocsRetriever(docs=tmp_path)

    (document,) = retriever.invoke("lamp")
    assert document.metadata == {"source": r"a\n\x1b]0;x\udcff.md", "heading": r"a\n\x1b]0;x\udcff"}
    assert retriever.unread[0].startswith(r"\u202egreen.odt is not read")


def _as_nobody(answers: Any) -> None:
    os.seteuid(NOBODY)
    try:
        answers.put(documents_under(["docs"]))
    except ConfigError as exc:
        answers.put(str(exc))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("private", ["docs/private", "docs"])
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: str) -> None:
    write(tmp_path, "docs/a.md", "docs/private/b.md")
    tmp_path.chmod(0o755)
    (tmp_path / private).chmod(0o700)
    monkeypatch.chdir(tmp_path)  # others may not look into what is around it
    forked = get_context("fork")
    answers = forked.SimpleQueue()
    process = forked.Process(target=_as_nobody, args=(answers,))

    process.start()
    answer = answers.get()
    process.join()

    if private == "docs":
        assert answer.endswith("; the folder is not read: Permission denied")
    else:
        assert [name for name, _ in answer.documents] == ["a.md"]
        assert answer.unread == ("private/ is not read: Permission denied",)
