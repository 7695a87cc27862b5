"""The command `convert`: questions, records and rows from and to the files of other tools."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ..core.errors import ConfigError
from ..core.ordinary import is_same_file
from ..evaluation.interchange.forms import FILE_FORMS, LANGSMITH, file_form, read_interchange, write_interchange
from ..evaluation.interchange.losses import Losses
from ..evaluation.interchange.naming import read_names
from .logbook import Verbose, told_more
from .mistakes import misused
from .piped import STANDARD_INPUT, is_piped, read_again
from .screens import show_text
from .terminal import note

_FORMS = ", ".join(FILE_FORMS)


def convert(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="IN",
            help="Files or folders, or langsmith:NAME; several are joined by their ids. - is standard input.",
        ),
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="A file or folder, or langsmith:NAME; - prints lines of JSON.")
    ],
    *,
    source_form: Annotated[
        str | None, typer.Option("--from", metavar="FORM", help=f"What IN is: {_FORMS}.", show_default=False)
    ] = None,
    out_form: Annotated[
        str | None, typer.Option("--to", metavar="FORM", help=f"What OUT shall be: {_FORMS}.", show_default=False)
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NAME=COLUMN",
            help="Which column holds question, gold, id or responses, where it is called otherwise (repeatable).",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which split of a dataset that has several.", show_default=False)
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Bring questions and answers from the files of other tools, and to them."""
    losses = Losses()
    is_printed = out == STANDARD_INPUT
    with told_more(verbose), misused():
        mapped = read_names(names or [])
        if not is_printed and not out.startswith(LANGSMITH):
            file_form(Path(out), name=out_form, is_read=False)
        if again := next((one for one in sources if is_same_file(Path(one), Path(out))), None):
            raise ConfigError(f"found {again} as IN and as OUT, expected two names; name another file as OUT")
        if is_printed and out_form not in (None, "jsonl"):
            raise ConfigError(f"found --to {out_form} for standard output, expected jsonl; name a file as OUT")
        if any(is_piped(Path(one)) for one in sources) and (len(sources) > 1 or source_form is None):
            raise ConfigError(
                "found a pipe as IN, expected it alone, and its form told; add --from jsonl, for instance"
            )
    with TemporaryDirectory(prefix="langgraph-moa-") as folder:
        target = str(Path(folder, "lines.jsonl")) if is_printed else out
        with read_again(Path(sources[0]), what="what is converted") as source:
            given = [source.path] if source.is_piped else sources
            items = read_interchange(*given, form=source_form, names=mapped, split=split, losses=losses)
            number = write_interchange(items, target, form="jsonl" if is_printed else out_form, losses=losses)
        for sentence in losses.sentences():
            note(sentence)
        if is_printed:
            with Path(target).open(encoding="utf-8") as file:
                sys.stdout.writelines(file)
            return
    show_text(f"{number:,} {'line' if number == 1 else 'lines'} written to {out}")
