"""The table of forms, and how a file's form is told: by its ending, by what a folder holds, or by its name."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...core.errors import ConfigError, nearest
from ...core.ordinary import file_kind
from ..batch.ids import Ids
from . import arrow_files, inspect_logs, inspect_writing
from .delimited import csv_rows, write_csv
from .joined import joined_records
from .langsmith_sets import asked_examples, example_of, is_example, publish_examples, unpacked_example
from .lines_of_json import json_array, json_document, json_lines, write_json_array, write_json_lines
from .losses import Losses
from .naming import Names, renamed
from .packing import PACKED, pack_file, unpacked_name
from .placing import check_place, put, workshop
from .spool import Spool
from .values import JsonItem, shown_value

_LOGS = (".eval", ".json")
_TEXTS = ("jsonl", "json", "csv", "langsmith", "inspect-dataset")
"""The forms that may be packed."""
LANGSMITH = "langsmith:"
"""Before the name of a dataset that LangSmith holds."""
Reader = Callable[[Path, str | None, Losses], Iterator[tuple[str, JsonItem]]]
Writer = Callable[[Spool, Path, Losses], None]


class FileForm(NamedTuple):
    """Say how a form is read and written, and which names it has."""

    endings: tuple[str, ...]
    read: Reader
    write: Writer


def _read_json(path: Path, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    document = json_document(path)
    if inspect_logs.is_log(document):
        return joined_records([("", inspect_logs.document_rows(document, path, losses))], losses)
    return json_array(document, path, losses)


def _read_logs(path: Path, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    logs = sorted(file for file in path.iterdir() if file.suffix.lower() in _LOGS) if path.is_dir() else [path]
    if not logs:
        raise ConfigError(f"found no logs in {path}, expected files that end in .eval or .json; name another folder")
    return joined_records(
        [(log.stem if len(logs) > 1 else "", inspect_logs.log_rows(log, losses)) for log in logs], losses
    )


def _write_logs(spool: Spool, path: Path, losses: Losses) -> None:
    if path.suffix.lower() in _LOGS:
        inspect_writing.write_log(spool, path, losses)
    else:
        inspect_writing.write_logs(spool, path, losses)


def _write_examples(spool: Spool, path: Path, losses: Losses) -> None:
    write_json_lines((example_of(item, path.stem, n) for n, item in enumerate(spool, 1)), path)


def _read_samples(path: Path, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    if path.name.lower().endswith(".json"):  # as inspect_ai's own reader has it, and as it is written
        return json_array(json_document(path), path, losses)
    return json_lines(path, losses)


def _write_samples(spool: Spool, path: Path, losses: Losses) -> None:
    samples = inspect_writing.dataset_items(spool, losses)
    write = write_json_array if path.name.lower().endswith(".json") else write_json_lines
    write(samples, path)


FILE_FORMS = {
    "jsonl": FileForm(
        (".jsonl", ".ndjson"), lambda path, _, losses: json_lines(path, losses), lambda s, p, _: write_json_lines(s, p)
    ),
    "json": FileForm((".json",), _read_json, lambda spool, path, _: write_json_array(spool, path)),
    "csv": FileForm((".csv", ".tsv"), lambda path, _, losses: csv_rows(path, losses), write_csv),
    "parquet": FileForm(
        (".parquet",), lambda path, _, losses: arrow_files.parquet_rows(path, losses), arrow_files.write_parquet
    ),
    "arrow": FileForm(
        (".arrow",), lambda path, _, losses: arrow_files.arrow_rows(path, losses), arrow_files.write_arrow
    ),
    "hf": FileForm((), arrow_files.dataset_rows, arrow_files.write_dataset),
    "inspect": FileForm((".eval",), _read_logs, _write_logs),
    "inspect-dataset": FileForm((), _read_samples, _write_samples),
    "langsmith": FileForm((), lambda path, _, losses: json_lines(path, losses), _write_examples),
}
"""The forms, by what `--from` and `--to` call them."""


def file_form(path: Path, *, name: str | None = None, is_read: bool) -> FileForm:
    """Tell a file's form.

    Args:
        path: The file or folder.
        name: What it was said to be; told by the path where not given.
        is_read: Whether it is read, and so can be looked at.

    Raises:
        ConfigError: There is no such form, or nothing tells which it is.
    """
    if name is not None:
        if name not in FILE_FORMS:
            raise ConfigError(f"found the form {name!r}, expected one that is known; {nearest(name, [*FILE_FORMS])}")
        return _packable(path, FILE_FORMS[name])
    if is_read and path.is_dir():
        return FILE_FORMS["hf" if arrow_files.is_dataset_folder(path) or not any(path.glob("*.eval")) else "inspect"]
    ending = Path(unpacked_name(path)).suffix.lower()
    form = next((form for form in FILE_FORMS.values() if ending in form.endings), None)
    if form is None and not is_read and not ending and path.suffix.lower() not in PACKED:
        return FILE_FORMS["hf"]
    if form is None:
        option = "--from" if is_read else "--to"
        raise ConfigError(
            f"found {path}, whose name does not tell its form, expected a name that ends in "
            f"{', '.join(ending for form in FILE_FORMS.values() for ending in form.endings)}; name it so, or say "
            f"which with {option} ({', '.join(FILE_FORMS)})"
        )
    return _packable(path, form)


def _packable(path: Path, form: FileForm) -> FileForm:
    if path.suffix.lower() in PACKED and form not in [FILE_FORMS[name] for name in _TEXTS]:
        raise ConfigError(f"found {path}, expected a name without {path.suffix}: only text is packed; leave it out")
    return form


def read_interchange(
    *sources: str | Path, form: str | None = None, names: Names | None = None, split: str | None = None,
    losses: Losses | None = None,
) -> Iterator[JsonItem]:  # fmt: skip
    """Read questions, records or rows from files of other tools, one at a time, as the project's own lines hold them.

    Args:
        sources: Files or folders, or `langsmith:NAME`; several are joined by their ids, as answers of several models.
        form: What they are, where their names do not tell: a key of `FILE_FORMS`.
        names: Which columns hold `question`, `gold`, `id` or `responses`, where they are called otherwise.
        split: Which split of a dataset, where it has several.
        losses: Where it is counted what was changed.

    Raises:
        ConfigError: One cannot be read, or holds something else.
        MissingExtra: A package is needed that is not installed.
    """
    for _, item in read_with_places(*sources, form=form, names=names, split=split, losses=losses):
        yield item


def read_with_places(
    *sources: str | Path, form: str | None = None, names: Names | None = None, split: str | None = None,
    losses: Losses | None = None,
) -> Iterator[tuple[str, JsonItem]]:  # fmt: skip
    """Read the same, each with where it stands, for messages.

    Args:
        sources: As `read_interchange` takes them; so the others.
        form: What they are.
        names: Which columns hold what.
        split: Which split of a dataset.
        losses: Where it is counted what was changed.

    Raises:
        ConfigError: One cannot be read, or holds something else.
        MissingExtra: A package is needed that is not installed.
    """
    counted = Losses() if losses is None else losses
    read = [(_label(source), _items(source, form, names or {}, split, counted)) for source in sources]
    with Ids() as ids:
        for where, item in read[0][1] if len(read) == 1 else joined_records(read, counted):
            _check_id(item, where, ids)
            yield where, item


def write_interchange(items: Sequence[JsonItem] | Iterator[JsonItem], out: str | Path, *, form: str | None = None,
                      losses: Losses | None = None, anew: bool = False) -> int:  # fmt: skip
    """Write questions, records or rows as another tool reads them; what was there stays until all is written.

    Args:
        items: As the project's own lines hold them.
        out: The file or folder, or `langsmith:NAME`.
        form: What it shall be, where its name does not tell: a key of `FILE_FORMS`.
        losses: Where it is counted what the form cannot hold.
        anew: Whether the folder of a dataset that was written here before may be replaced; a file always is.

    Returns:
        How many there were.

    Raises:
        ConfigError: It cannot be written, or cannot hold what there is.
        MissingExtra: A package is needed that is not installed.
    """
    counted = Losses() if losses is None else losses
    if str(out).startswith(LANGSMITH):
        with Spool(items) as spool:
            publish_examples(spool, str(out).removeprefix(LANGSMITH))
            return spool.size
    path = Path(out)
    writer = file_form(path, name=form, is_read=False).write
    check_place(path, anew=anew)
    with Spool(items) as spool:
        if not spool.size:
            raise ConfigError(
                "found nothing to write, expected one question, record or row at least; look at the input"
            )
        try:
            with workshop(path) as folder:
                new = folder / unpacked_name(path)
                writer(spool, new, counted)
                if path.suffix.lower() in PACKED:
                    pack_file(new, folder / path.name)
                check_place(path, anew=anew)
                put(folder / path.name, path)
        except OSError as exc:
            raise ConfigError(f"{path} cannot be written: {exc.strerror or exc}; mend that, or name another") from exc
        return spool.size


def _items(
    source: str | Path, form: str | None, names: Names, split: str | None, losses: Losses
) -> Iterator[tuple[str, JsonItem]]:
    if str(source).startswith(LANGSMITH):
        items = asked_examples(str(source).removeprefix(LANGSMITH), split, losses)
    else:
        path = Path(source)
        check_there(path)
        reader = file_form(path, name=form, is_read=True)
        if split is not None and reader is not FILE_FORMS["hf"]:
            raise ConfigError(
                f"found --split {split} for {path}, expected none but for datasets in folders; leave it out"
            )
        items = reader.read(path, split, losses)
    yield from renamed(((where, _unpacked(item, losses)) for where, item in items), names, losses)


def _unpacked(item: JsonItem, losses: Losses) -> JsonItem:
    if is_example(item):
        return unpacked_example(item, losses)
    return inspect_logs.with_kept(item)


def check_there(path: Path) -> None:
    """Refuse a file that is not there, or can be read only once.

    Raises:
        ConfigError: It is so.
    """
    if (kind := file_kind(path)) not in (None, "a folder"):
        raise ConfigError(f"found {kind}, {path}, expected a file or a folder; copy what it gives to a file")
    if not path.exists():
        raise ConfigError(f"found nothing at {path}, expected a file or a folder; look at its name")


def _label(source: str | Path) -> str:
    return str(source).removeprefix(LANGSMITH) if str(source).startswith(LANGSMITH) else Path(source).stem


def _check_id(item: JsonItem, where: str, ids: Ids) -> None:
    if item.get("id") is None:
        return
    apart = [item.get(name) for name in ("repeat", "sample", "epoch")]
    if not ids.add(json.dumps([str(item["id"]), apart], default=str), where):
        raise ConfigError(
            f"found the id {shown_value(item['id'])} again {where}, expected one of its own; rename one of the two, or "
            "name another column: --map id=COLUMN"
        )
