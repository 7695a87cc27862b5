"""Plant what would run a program where a file of threads is read."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import ormsgpack

WAYS = ["argument", "arguments", "keywords", "method", "pydantic 1", "pydantic 2", "json", "pickle"]
"""How a serializer could be made to call something; the first six are codes of its extensions."""


def calls_of(marker: Path) -> dict[str, list[Any]]:
    """Return what each code of an extension would call to make a marker."""
    command = ["touch", str(marker)]
    return {
        "argument": ["subprocess", "check_call", command],
        "arguments": ["subprocess", "check_call", [command]],
        "keywords": ["subprocess", "check_call", {"args": command}],
        "method": ["subprocess", "check_call", command, "__call__"],
        "pydantic 1": ["subprocess", "check_call", {"args": command}],
        "pydantic 2": ["subprocess", "check_call", {"args": command}, "model_construct"],
    }


def plant(store: Path, marker: Path, way: str) -> int:
    """Let every value in a file make the marker when it is read, and return how many do."""
    command = ["touch", str(marker)]
    calls = calls_of(marker)
    envelope = {"lc": 2, "type": "constructor", "id": ["subprocess", "check_call"], "args": [command]}
    planted = 0
    with closing(sqlite3.connect(store)) as opened, opened:
        for table, column in (("checkpoints", "checkpoint"), ("writes", "value")):
            for row, data in opened.execute(f"SELECT rowid, {column} FROM {table} WHERE type = 'msgpack'").fetchall():
                if way == "json":
                    kind, value = "json", json.dumps({"channel_values": envelope}).encode()
                elif way == "pickle":
                    kind, value = "pickle", f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()
                else:
                    kind, value = "msgpack", extended(data, WAYS.index(way), calls[way])
                sql = f"UPDATE {table} SET type = ?, {column} = ? WHERE rowid = ?"
                opened.execute(sql, (kind, value, row))
                planted += 1
    return planted


def extended(data: bytes, code: int, call: list[Any]) -> bytes:
    """Put a call into a checkpoint's channels, or in the place of a value."""
    extension = ormsgpack.Ext(code, ormsgpack.packb(call))
    options = ormsgpack.OPT_NON_STR_KEYS
    found = ormsgpack.unpackb(data, ext_hook=ormsgpack.Ext, option=options)
    if isinstance(found, dict) and "channel_values" in found:
        channels = {**found["channel_values"], "verdicts": extension}
        return bytes(ormsgpack.packb({**found, "channel_values": channels}, option=options))
    return bytes(ormsgpack.packb(extension))
