"""Pictures and files on the command line."""

from pathlib import Path

import pytest
from commands import Run
from loopback import Loopback
from pictures import PNG, pdf_of, png


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "chart.png").write_bytes(png())
    return tmp_path / "chart.png"


def test_a_picture_and_a_pdf_go_along(run: Run, loopback: Loopback, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of(tmp_path, 1))
    models = ["--proposer", "m", "--proposer", "gpt-3.5-turbo", "--base-url", loopback.url]

    done = run("ask", "What?", "--image", str(picture), "--file", str(tmp_path / "a.pdf"), *models)

    assert done.code == 0
    assert "gpt-3.5-turbo  skipped" in done.err
    assert "found a picture and a PDF, which gpt-3.5-turbo cannot read" in done.err
    text, image, file = loopback.asked("m")[0].messages[-1]["content"]
    assert (text["text"], image["image_url"]["url"]) == ("What?", f"data:image/png;base64,{PNG}")
    assert file["file"]["filename"] == "a.pdf"


def test_a_thread_keeps_them(run: Run, loopback: Loopback, picture: Path, where: list[str]) -> None:
    models = ["--proposer", "m", "--base-url", loopback.url]

    assert run("ask", "What?", "--image", str(picture), *models, *where).code == 0
    assert run("ask", "And now?", "--base-url", loopback.url, *where).code == 0

    assert PNG in loopback.requests[-1].prompt


def test_nobody_is_asked_where_nobody_can_see(run: Run, picture: Path) -> None:
    done = run("ask", "What?", "--image", str(picture))

    assert done.code == 1
    assert "found a picture in the conversation, expected a model that can read it" in done.err
    assert "offline:words" in done.err


def test_an_estimate_bounds_them(run: Run, loopback: Loopback, picture: Path) -> None:
    options = ["--proposer", "m", "--base-url", loopback.url, "--max-tokens", "9", "--estimate"]

    done = run("ask", "What?", "--image", str(picture), *options)

    assert done.out.startswith("at most 2 calls, 5,")
    assert loopback.requests == []


def test_a_mistake_is_one_sentence(run: Run, tmp_path: Path) -> None:
    done = run("ask", "What?", "--image", str(tmp_path))

    assert done.code == 2
    assert "it is a folder, and no file; expected a picture: PNG, JPEG, GIF or WebP (see" in done.err
