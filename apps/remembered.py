"""What `check` found out about servers, kept for later commands: what a server refuses is left out at once.

It is a file of the user's own cache: addresses, models and words such as `no`; no key, no prompt and no answer.
"""

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_ISREG
from tempfile import mkstemp
from typing import Any, Literal, get_args

from typing_extensions import TypedDict

from ..core.clock import unix_time
from ..core.models.servers import SERVERS
from ..core.panel.habits import level_label
from ..core.run.left_out import LeftOut
from ..core.wire.connections import bare_url

Taken = Literal["yes", "no", "ignored"]
"""What is worth keeping of a probe; what nobody knows is not."""
_LEAVES_OUT: dict[str, LeftOut] = {"streaming": "streaming", "system": "system_role", "temperature": "temperature"}
PROBED_EFFORT = "low"
"""The level of thinking that is asked for; what a server says of it is known of no other."""
_MOST, _MOST_BYTES, _LONGEST = 500, 1_000_000, 300
_DAYS = 30
"""For how long it is believed: servers get other versions, and other models by the same name."""


class Known(TypedDict):
    """Say what is known of one model of one server."""

    server: str
    model: str
    served: str | None
    checked: str
    """When, in UTC; what is known from another time is another entry."""
    takes: dict[str, Taken]


def cache_file() -> Path | None:
    """Return where it is kept; None where the user has no place for such files."""
    try:
        if sys.platform == "darwin":
            folder = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return None
    return folder / "langgraph-moa" / "servers.json" if folder.is_absolute() else None


def known_servers() -> list[Known]:
    """Return what is kept, the newest last; nothing where the file is gone, spoilt, or none of ours."""
    file = cache_file()
    try:
        if file is None or not S_ISREG((about := file.stat()).st_mode) or about.st_size > _MOST_BYTES:
            return []
        listed = json.loads(file.read_bytes()).get("servers")
    except (OSError, ValueError, RecursionError, AttributeError):
        return []
    return [entry for entry in map(_read, listed) if entry] if isinstance(listed, list) else []


def _read(entry: Any) -> Known | None:
    """Trust no file: what is not as it was written is not there."""
    if not isinstance(entry, dict):
        return None
    words: list[Any] = [entry.get(key) for key in ("server", "model", "checked")]
    takes, served = entry.get("takes"), entry.get("served")
    if not all(isinstance(word, str) and 0 < len(word) <= _LONGEST for word in words) or not isinstance(takes, dict):
        return None
    with suppress(ValueError):
        if datetime.fromisoformat(words[2]).tzinfo is None:
            return None
        taken = {str(key)[:40]: value for key, value in [*takes.items()][:20] if value in get_args(Taken)}
        name = served if isinstance(served, str) and len(served) <= _LONGEST else None
        return Known(server=words[0], model=words[1], served=name, checked=words[2], takes=taken)
    return None


def recall_servers() -> None:
    """Let this process know what was found out lately, before it asks anybody."""
    oldest = datetime.fromtimestamp(unix_time(), UTC) - timedelta(days=_DAYS)
    for entry in known_servers():
        if datetime.fromisoformat(entry["checked"]) < oldest:
            continue
        server, model, takes = entry["server"], entry["model"], entry["takes"]
        if refused := frozenset(part for name, part in _LEAVES_OUT.items() if takes.get(name) == "no"):
            SERVERS.learn_refused(server, model, refused)
        if takes.get("reasoning_effort") == "no":
            SERVERS.learn_refused(server, level_label(model, PROBED_EFFORT), frozenset({"reasoning_effort"}))
        if takes.get("n") in ("no", "ignored"):
            SERVERS.learn_one_choice(server, model)


def remember_servers(entries: Iterable[Known]) -> str | None:
    """Keep what was found out, beside what is known of others; return why it cannot be kept, None where it is.

    Args:
        entries: What was found out; an address that holds a secret is not written down.
    """
    new: dict[tuple[str, str], list[Known]] = {}
    for entry in entries:
        if bare_url(entry["server"]) == entry["server"]:
            new.setdefault((entry["server"], entry["model"]), []).append(entry)
    file = cache_file()
    if not new or file is None:
        return None if file else "there is no folder for it"
    entries = [*(_still_known(entry, new) for entry in known_servers()), *map(_agreed, new.values())]
    lasting = [entry for entry in entries if entry["takes"]][-_MOST:]
    written = json.dumps({"version": 1, "servers": lasting}, ensure_ascii=False, indent=1)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = mkstemp(dir=file.parent, prefix="servers-", suffix=".tmp")  # which only its owner reads
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as temporary:
                temporary.write(written)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        return f"{file}: {exc.strerror or exc}"
    return None


def _still_known(entry: Known, new: dict[tuple[str, str], list[Known]]) -> Known:
    """Return what an earlier check found and this one did not, as old as it is; nothing of another model served."""
    checks = new.get((entry["server"], entry["model"]), [])
    is_same = all(check["served"] == entry["served"] for check in checks)
    takes = {name: taken for name, taken in entry["takes"].items() if not any(name in c["takes"] for c in checks)}
    return {**entry, "takes": takes if is_same else {}}


def _agreed(checks: list[Known]) -> Known:
    """Join what was found out of one model, with one key or another, of which later commands know nothing."""
    verdicts: dict[str, set[Taken]] = {}
    for check in checks:
        for name, taken in check["takes"].items():
            verdicts.setdefault(name, set()).add(taken)
    return {**checks[-1], "takes": {name: taken.pop() for name, taken in verdicts.items() if len(taken) == 1}}


def moment() -> str:
    """Return the present, as it is written down."""
    return datetime.fromtimestamp(unix_time(), UTC).isoformat(timespec="seconds")
