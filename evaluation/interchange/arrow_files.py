"""Parquet and Arrow files, and the folders of Hugging Face's datasets, which are such files and a little JSON."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import ConfigError, nearest
from ...core.ordinary import content_of, opened_file
from .arrow_columns import arrow, batches_of, rows_of_batches, schema_of
from .losses import Losses
from .spool import Spool
from .values import JsonItem, unreadable

_MOST_JSON = 100_000_000
_DATA = "data-00000-of-00001.arrow"
_SPLITS, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"


def parquet_rows(path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the rows of a Parquet file, each with where it stands.

    Raises:
        ConfigError: It cannot be read.
        MissingExtra: pyarrow is not installed.
    """
    arrow()
    from pyarrow import parquet

    with _readable(path, "a whole Parquet file"), opened_file(path) as file, parquet.ParquetFile(file) as table:
        yield from rows_of_batches(table.iter_batches(batch_size=64), str(path), losses)


def arrow_rows(path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the rows of an Arrow file, of the streaming kind, as Hugging Face writes it, or the other.

    Raises:
        ConfigError: It cannot be read.
        MissingExtra: pyarrow is not installed.
    """
    pa = arrow()
    with _readable(path, "a whole Arrow file"), opened_file(path) as file:
        is_stream = file.read(6) != b"ARROW1"
        file.seek(0)
        if is_stream:
            yield from rows_of_batches(pa.ipc.open_stream(file), str(path), losses)
        else:
            reader = pa.ipc.open_file(file)
            batches = (reader.get_batch(n) for n in range(reader.num_record_batches))
            yield from rows_of_batches(batches, str(path), losses)


def dataset_rows(folder: Path, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the rows of a dataset's folder: what `save_to_disk` wrote, or Parquet files.

    Args:
        folder: The folder.
        split: Which of its splits, where it has several.
        losses: Where it is counted what JSON cannot hold.

    Raises:
        ConfigError: It is no such folder, a split has to be named, or a file of it cannot be read.
        MissingExtra: pyarrow is not installed.
    """
    if (folder / _SPLITS).is_file():
        listed = _json_in(folder / _SPLITS).get("splits")
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        folder = _inside(folder, _chosen(names, split, folder))
    elif (folder / _STATE).is_file():
        if split is not None:
            raise ConfigError(f"found --split {split}, expected none: {folder} is one dataset; leave it out")
    else:
        yield from _parquet_folder(folder, split, losses)
        return
    state = _json_in(folder / _STATE)
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise ConfigError(
            f"found a dataset whose rows are chosen by a file of their places in {folder}, expected one without; save "
            "it anew with a later version of datasets"
        )
    files = state.get("_data_files")
    for entry in files if isinstance(files, list) else []:
        name = entry.get("filename") if isinstance(entry, dict) else None
        yield from arrow_rows(_inside(folder, str(name)), losses)


def is_dataset_folder(folder: Path) -> bool:
    """Tell a folder that holds a dataset of Hugging Face's from another."""
    return any((folder / name).is_file() for name in (_SPLITS, _STATE)) or any(folder.rglob("*.parquet"))


def is_own_dataset(folder: Path) -> bool:
    """Tell a folder that holds nothing but what is written here, and what `datasets` keeps beside it."""
    names = {path.name for path in folder.iterdir() if not (path.name.startswith("cache-") and path.suffix == ".arrow")}
    return names <= {_DATA, _STATE, _INFO}


def write_parquet(spool: Spool, path: Path, losses: Losses) -> None:
    """Write a Parquet file.

    Raises:
        OSError: It cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    arrow()
    from pyarrow import parquet

    schema = schema_of(spool, losses)
    with path.open("xb") as file, parquet.ParquetWriter(file, schema) as writer:
        for batch in batches_of(spool, schema):
            writer.write_batch(batch)


def write_arrow(spool: Spool, path: Path, losses: Losses) -> None:
    """Write an Arrow file of the streaming kind, as Hugging Face has it.

    Raises:
        OSError: It cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    pa = arrow()
    schema = schema_of(spool, losses)
    with path.open("xb") as file, pa.ipc.new_stream(file, schema) as writer:
        for batch in batches_of(spool, schema):
            writer.write_batch(batch)


def write_dataset(spool: Spool, folder: Path, losses: Losses) -> None:
    """Write the folder that `datasets.load_from_disk` reads.

    Raises:
        OSError: It cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    arrow()
    folder.mkdir()
    write_arrow(spool, folder / _DATA, losses)
    state: dict[str, Any] = {
        "_data_files": [{"filename": _DATA}],
        "_fingerprint": sha256(repr([*spool.columns, spool.size]).encode()).hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (folder / _STATE).write_bytes(orjson.dumps(state))
    (folder / _INFO).write_bytes(orjson.dumps({"citation": "", "description": "", "homepage": "", "license": ""}))


def _parquet_folder(folder: Path, split: str | None, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    by_split: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        by_split.setdefault(_split_of(path, folder), []).append(path)
    if not by_split:
        raise ConfigError(
            f"found no dataset in {folder}, expected what datasets' save_to_disk wrote, or Parquet files; name another"
        )
    for path in by_split[_chosen([*by_split], split, folder)]:
        yield from parquet_rows(path, losses)


def _split_of(path: Path, folder: Path) -> str:
    """Return the split that a file is of: `train-00000-of-00001.parquet`, or a folder that is called so."""
    parts = path.relative_to(folder).parts
    stem, is_part, _ = path.stem.partition("-0")
    return stem if is_part or len(parts) < 2 or parts[-2] == "data" else parts[-2]


def _chosen(names: Sequence[str], split: str | None, folder: Path) -> str:
    if split is None and len(names) == 1:
        return names[0]
    if split is None or split not in names:
        what = "no --split" if split is None else f"--split {split}"
        raise ConfigError(
            f"found {what} for {folder}, expected one of {', '.join(names) or 'none, for it has no splits'}; "
            f"{nearest(split or '', names)}"
        )
    return split


def _inside(folder: Path, name: str) -> Path:
    """Return a file that a dataset's own JSON names, which may be anywhere by its name, and must be in its folder."""
    if Path(name).name != name or name in ("", ".", ".."):
        raise ConfigError(f"found the name {name!r} in {folder}, expected one of a file in it; get the dataset again")
    return folder / name


def _json_in(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(content_of(path, most=_MOST_JSON))
    except (OSError, ValueError) as exc:
        raise unreadable(str(path), exc, "what datasets' save_to_disk wrote") from exc
    return value if isinstance(value, dict) else {}


@contextmanager
def _readable(path: Path, expected: str) -> Iterator[None]:
    """Tell what pyarrow says of a file that it cannot read."""
    failures: tuple[type[Exception], ...] = (OSError, arrow().ArrowException)
    try:
        yield
    except failures as exc:
        raise unreadable(str(path), exc, expected) from exc
