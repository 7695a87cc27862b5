"""Tell how many models stand behind answers, by what was asked for and by what servers say answered."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .records import Call

_VERSION = re.compile(r"[-@:](?:\d{4}-?\d{2}-?\d{2}|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|latest)$")
"""What providers add to a model's name when they say which of its versions answered."""


_FILE = re.compile(r"\.(?:gguf|bin|safetensors)$")


_SAYS_NOTHING = frozenset(
    "assistant auto chat chatmodel custom default defaultmodel koboldcpp llamacpp llm local localllm localmodel model "
    "none null repository string tgi unknown".split()
)
"""What servers call a model, and users one of theirs, whose name nobody gave; without `-`, `_`, `.` and spaces."""


class Asked(NamedTuple):
    """Be one call, as far as it says which model answered."""

    label: str
    """What was asked for, as `provider:model`."""
    served: str | None
    """What the server says answered; None where it did not say, or has not yet."""


def asked_of(calls: Iterable[Call]) -> list[Asked]:
    """Return calls as far as they say which model answered."""
    return [Asked(call["model"], call["served_model"]) for call in calls]


def same_models(calls: Sequence[Asked]) -> list[list[int]]:
    """Group calls by the model behind them, by their number, in the order of their first ones.

    Those that were asked for by one name, or served by one, are of one model, wherever they went: two servers of the
    same weights make the same mistakes, and so do the dated versions of one model, by and large. A name that says
    nothing (`default`, `local-model`, none at all) joins nobody. When in doubt there are fewer models.
    """
    groups: list[tuple[set[str], list[int]]] = []
    for number, call in enumerate(calls):
        names, members = _names(call), [number]
        for group in [group for group in groups if not group[0].isdisjoint(names)]:
            groups.remove(group)
            names, members = names | group[0], [*group[1], *members]
        groups.append((names, members))
    return sorted(sorted(members) for _, members in groups)


def shares(calls: Sequence[Asked]) -> list[float]:
    """Say how much each answer counts beside others, so that no model counts twice by having two names.

    The samples of one declared model are as many by intent, and each counts. What was declared as several models, and
    one served, shares out what one of them would have: each answer counts a half where they were two. Where one model
    served all there is nobody to outvote, and each counts.
    """
    groups = same_models(calls)
    part = [1.0] * len(calls)
    for group in groups if len(groups) > 1 else ():
        declared = len({model_name(calls[n].label) or calls[n].label for n in group})
        for n in group:
            part[n] = 1 / declared
    return part


def served_name(calls: Iterable[Asked]) -> str | None:
    """Return what a server calls the model behind calls, where one says so."""
    return next((call.served for call in calls if call.served and _plain(call.served)), None)


def model_name(label: str) -> str | None:
    """Return the name of a declared model without its provider; None where that says nothing."""
    provider, _, name = label.partition(":")
    return _plain(name if name and provider in KNOWN_PROVIDERS else label)


def is_another(label: str, served: str | None) -> bool:
    """Tell a model that is not the one asked for from a dated version of it."""
    if not served:
        return False
    labels = {label.lower(), label.partition(":")[2].lower()}
    return not labels & {served.lower(), _VERSION.sub("", served.lower())}


def _names(call: Asked) -> set[str]:
    names = {name for name in (model_name(call.label), _plain(call.served or "")) if name}
    return names or {f"={call.label}"}


def _plain(name: str) -> str | None:
    """Return a model's name without folders, owner, file ending and version; None where it names none."""
    bare = name.strip().lower().replace("\\", "/").rstrip("/").rpartition("/")[2]
    bare = _VERSION.sub("", _FILE.sub("", bare))
    return None if re.sub(r"[-_. ]", "", bare) in _SAYS_NOTHING | {""} else bare


KNOWN_PROVIDERS = ("gguf", "offline", "openai", "together")
