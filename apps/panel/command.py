"""The command `panel`: which models belong in a panel, how many, in which order, and what a mixture can win at all."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import ConfigError, nearest
from ...core.ordinary import file_kind, is_same_file
from ...evaluation.batch.reading import read_questions
from ...evaluation.grading.by_gold import text_asked
from ...evaluation.panel.analysis import PanelAnalysis, analyse_panel
from ...evaluation.panel.page import panel_html
from ...evaluation.panel.pictures import PICTURES
from ..logbook import Verbose, told_more
from ..mistakes import misused
from ..piped import read_again
from ..terminal import note
from .settings_file import check_settings_file, write_settings
from .shown import show_panel


def panel(
    rows: Annotated[
        list[Path],
        typer.Argument(
            metavar="ROWS...",
            help="What was recorded: rows of batch, a folder of compare --keep, or records as calibrate reads them.",
        ),
    ],
    *,
    members: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Whom to look at, and in which order.", show_default=False),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The questions with gold, for rows that hold none.", show_default=False),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write everything as one HTML page.", show_default=False)
    ] = None,
    plots: Annotated[
        list[str] | None,
        typer.Option(
            "--plot",
            metavar="NAME=FILE",
            help="Write one picture as SVG: accuracy, correlation, curve, cost or saves; repeatable.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the recommended panel as a settings file.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="What the halves depend on.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    verbose: Verbose = False,
) -> None:
    """Say which models belong in a panel, by recorded answers; nobody is asked."""
    with told_more(verbose), misused():
        pictures = _pictures(plots or [])
        written = [file for file in (page, *(file for _, file in pictures)) if file]
        for file in written:
            _check_drawable(file, ".html" if file == page else ".svg")
        _check_apart(written, [*rows, *filter(None, [questions])])
        if settings:
            check_settings_file(settings)
    chosen = None if members is None else [name.strip() for name in members.split(",")]
    analysis = _analysed(rows, chosen, questions, seed)
    if as_json:
        sys.stdout.write(json.dumps(asdict(analysis), ensure_ascii=False, indent=2) + "\n")
    else:
        show_panel(analysis)
    if settings:
        write_settings(analysis.recommendation, settings)
        note(f"settings: {settings}")
    for name, file in pictures:
        _write(file, PICTURES[name](analysis))
    if page:
        _write(page, panel_html(analysis))


def _analysed(rows: list[Path], members: list[str] | None, questions: Path | None, seed: int) -> PanelAnalysis:
    golds = None
    if questions:
        golds = {question.id: (text_asked(question), question.gold) for question in read_questions(questions)}
    if len(rows) > 1 or rows[0].is_dir():
        return analyse_panel(rows, members=members, questions=golds, seed=seed)
    with read_again(rows[0], what="recorded answers") as source:
        called = source.name if source.is_piped else None
        return analyse_panel(source.path, members=members, questions=golds, seed=seed, called=called)


def _pictures(written: list[str]) -> list[tuple[str, Path]]:
    pictures = []
    for each in written:
        name, equals, file = each.partition("=")
        if not equals or not file or name not in PICTURES:
            raise ConfigError(
                f"found --plot {each}, expected NAME=FILE, such as curve=curve.svg; {nearest(name, list(PICTURES))}"
            )
        pictures.append((name, Path(file)))
    return pictures


def _check_apart(written: list[Path], read: list[Path]) -> None:
    """Refuse to write over what is read, or one picture over another."""
    for number, file in enumerate(written):
        others = [other for other in (*read, *written[:number]) if file == other or is_same_file(file, other)]
        if others:
            raise ConfigError(f"found {file} to write and {others[0]} for the same file, expected two; rename one")


def _check_drawable(file: Path, ending: str) -> None:
    if file.suffix.lower() != ending:
        raise ConfigError(f"found {file}, expected a name that ends in {ending}; name it so")
    if (kind := file_kind(file)) is not None:
        raise ConfigError(f"found {kind}, {file}, expected an ordinary file to write; name one")
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"found no folder {file.parent}, expected one for {file.name}; make it first")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror or exc}; name another") from exc
    note(f"written: {file}")
