"""The models that are asked, with what their servers say of themselves, and a cache that pays for a call once."""

import json
import sqlite3
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError

from langchain_core.caches import BaseCache
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation
from langgraph_moa.core.models.resolve import resolve_model
from weights import digest_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Kept(BaseCache):
    """Keep one model's answers in a file, with what they cost, so that a call is paid for once."""

    def __init__(self, path: Path, model: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, check_same_thread=False)
        self._file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, given TEXT)")
        self._model = model

    def _key(self, prompt: str, options: str) -> str:
        return sha256(json.dumps([self._model, prompt, options]).encode()).hexdigest()

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        query = "SELECT given FROM answers WHERE key = ?"
        row = self._file.execute(query, (self._key(prompt, llm_string),)).fetchone()
        return [ChatGeneration(message=AIMessage(**message)) for message in json.loads(row[0])] if row else None

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        messages = [cast("ChatGeneration", given).message.model_dump() for given in return_val]
        self._file.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)",
            (self._key(prompt, llm_string), json.dumps(messages, default=str)),
        )
        self._file.commit()

    def clear(self, **kwargs: Any) -> None:
        self._file.execute("DELETE FROM answers")
        self._file.commit()

    async def alookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        return self.lookup(prompt, llm_string)

    async def aupdate(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        self.update(prompt, llm_string, return_val)

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Served:
    """Hold one model that is asked, and what its server says of it."""

    name: str
    model: "BaseChatModel"
    facts: Mapping[str, Any]
    url: str | None = None

    def check(self) -> None:
        """Stop where its server is gone: a question that nobody heard was not answered wrongly."""
        if self.url and not facts_of_server(self.url).items() <= self.facts.items():
            sys.exit(f"found another model than before at {self.url}; start {self.name} there, and run this again")


def served(name: str, where: str, answers_file: Path) -> Served:
    """Reach a model: on a server, or by a provider of the package (`gguf:PATH`)."""
    if where.startswith(("http://", "https://")):
        facts = facts_of_server(where)
        model = resolve_model(facts["id"], base_url=where)
    else:
        facts = facts_of_file(Path(where.partition(":")[2]))
        model = resolve_model(where)
    # A server that says nothing of its model but the name is known by its address.
    known_by = json.dumps(facts if "size" in facts else [where, facts], sort_keys=True)
    if where.startswith("http"):
        facts = {**facts, **checksum_of_server(where)}
    chat = cast("BaseChatModel", model).model_copy(update={"cache": Kept(answers_file, known_by)})
    return Served(name, chat, facts, where if where.startswith("http") else None)


def facts_of_server(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/models", timeout=30) as response:
            [first, *_] = json.load(response)["data"]
    except (OSError, ValueError, KeyError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        sys.exit(
            f"found no list of models at {url} ({type(exc).__name__}), expected an OpenAI-compatible server; "
            "start it, and run this again: what was answered is kept"
        )
    meta = first.get("meta") or {}
    return {
        "id": first["id"],
        **{name: meta[name] for name in ("size", "n_params", "ftype") if name in meta},
    }


def checksum_of_server(url: str) -> dict[str, str]:
    """Return the checksum of the file that a llama.cpp server on this machine says it serves."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/').removesuffix('/v1')}/props", timeout=30) as response:
            path = Path(str(json.load(response).get("model_path")))
    except (OSError, ValueError, AttributeError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        return {}
    return {"sha256": digest_of(path)} if path.is_file() else {}


def facts_of_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        sys.exit(f"found no file {path}, expected a model's GGUF file; fetch it first")
    return {"id": path.name, "size": path.stat().st_size, "sha256": digest_of(path)}
