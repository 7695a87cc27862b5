"""Read the systems of a comparison, a line each: `self-moa,samples=6`, `openai:gpt-6-luna`, `moa.toml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from ...core.errors import ConfigError, nearest
from ...core.models.labels import short_name
from ..settings.fields import ProposerSpec
from ..settings.files import load_settings, merged_settings
from ..settings.flags import read_value
from ..settings.settings import Settings
from ..settings.systems import SystemName

SYSTEM_NAMES: tuple[str, ...] = get_args(SystemName)
_FILES = (".toml", ".yaml", ".yml")
_LISTS = {"proposers", "waves", "escalate", "docs"}
"""Keys that may be given several times."""
_SHAPE = set(
    "system layers samples waves escalate confidence quorum early_stop screen analyst min_proposals window rounds "
    "debate_if moderator keep group review".split()
)
"""What the shared options say of the mixture itself, and not of the systems that it is compared with."""
OF_A_MIXTURE = _SHAPE | {"aggregator", "aggregator_prompt", "proposer_prompt", "placement"}
"""What a single model has no use for."""


class Spec(NamedTuple):
    """Be one system to compare, who sits in it chosen."""

    label: str
    settings: Settings
    why: str
    """Who sits in it, and why, in one line."""


def read_specs(written: Sequence[str], shared: Settings) -> list[Spec]:
    """Read the systems that were asked for.

    Args:
        written: Each as `--system` takes it; none is the mixture of the shared options, and its models one by one.
        shared: What they all start from; what a system says for itself wins.

    Raises:
        ConfigError: One of them is unknown or wrong, or two have one name.
    """
    base = shared.model_dump(exclude_unset=True)
    if not written:
        return _of_one_mixture(shared, base)
    systems = [_read(spec, base) for spec in written]
    labels = _labels([(given, derived) for given, derived, _ in systems])
    return [_chosen(label, settings) for label, (_, _, settings) in zip(labels, systems, strict=True)]


def _of_one_mixture(shared: Settings, base: Mapping[str, Any]) -> list[Spec]:
    whole, why = shared.choose()
    seats = [spec for group in whole.proposers or [] for spec in (group if isinstance(group, list) else [group])]
    models = list({_written(alone): alone for alone in map(_alone, seats)}.values())
    name = shared.system or "moa"
    derived = _labels([(None, _called(model)) for model in models] + [(name, name)])
    singles = [of_one_model(label, model, base) for label, model in zip(derived, models, strict=False)]
    return [*singles, Spec(derived[-1], whole, f"models: {why}")]


def of_one_model(label: str, model: ProposerSpec, base: Mapping[str, Any]) -> Spec:
    """Return a model alone, as a mixture's settings say that it is asked, but once.

    Args:
        label: Its name.
        model: Who it is.
        base: The settings.
    """
    return _chosen(label, _single(_alone(model), base))


def _alone(seat: ProposerSpec) -> ProposerSpec:
    """Return a proposer as it is asked alone: once, and as the settings say that it is asked."""
    if isinstance(seat, str) or seat.model_fields_set == {"model"}:
        return seat if isinstance(seat, str) else seat.model
    return seat.model_copy(update={"samples": 1})


def _written(seat: ProposerSpec) -> str:
    return seat if isinstance(seat, str) else seat.model_dump_json(exclude_unset=True)


def _called(seat: ProposerSpec) -> str:
    return short_name(seat if isinstance(seat, str) else seat.model)


def _chosen(label: str, settings: Settings) -> Spec:
    chosen, reason = settings.choose()
    why = f"models: {reason}"
    if settings.system == "single" and settings.proposers and not isinstance(settings.proposers[0], list):
        seat = settings.proposers[0]
        why = f"one model: {seat if isinstance(seat, str) else seat.model}"
    return Spec(label, chosen, why)


def _read(written: str, base: Mapping[str, Any]) -> tuple[str | None, str, Settings]:
    """Return the name that was given, the one it has otherwise, and the settings."""
    first, *rest = (part.strip() for part in written.split(","))
    own = _keys(rest, written)
    label = own.pop("label", None)
    given = None if label is None else str(label)
    others = {key: value for key, value in base.items() if key not in _SHAPE}
    if first.endswith(_FILES):
        file = Path(first)
        own_settings = load_settings(file, own).model_dump(exclude_unset=True)
        return given, file.stem, merged_settings(others, own_settings)
    if first in SYSTEM_NAMES:
        start = base if first == "moa" else others
        return given, first, merged_settings({**start, "system": first}, own)
    if ":" in first and not first.endswith(":"):
        return given, short_name(first), _single(first, base, own)
    raise ConfigError(
        f"found --system {written!r}, expected a system's name, provider:model or a settings file; "
        + nearest(first, SYSTEM_NAMES)
    )


def _single(model: ProposerSpec, base: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> Settings:
    bounds = {key: value for key, value in base.items() if key not in OF_A_MIXTURE}
    table = model if isinstance(model, str) else model.model_dump(exclude_unset=True)
    return merged_settings(bounds, {"system": "single", "proposers": [table], **(own or {})})


def _keys(parts: Sequence[str], written: str) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for part in parts:
        key, equals, value = (side.strip() for side in part.partition("="))
        if not key or not equals or not value:
            raise ConfigError(
                f"found {part!r} in --system {written!r}, expected KEY=VALUE, such as samples=6; write it so"
            )
        key = {"proposer": "proposers"}.get(key.replace("-", "_"), key.replace("-", "_"))
        table, _, limit = key.partition(".")
        if limit:
            own.setdefault(table, {})[limit] = read_value(value)
        elif key in _LISTS:
            own.setdefault(key, []).append(read_value(value))
        elif key in own:
            raise ConfigError(f"found {key} twice in --system {written!r}, expected it once; leave one out")
        else:
            own[key] = read_value(value)
    return own


def _labels(declared: Sequence[tuple[str | None, str]]) -> list[str]:
    """Give each a name of its own; one that was given is kept.

    Raises:
        ConfigError: Two were given the same.
    """
    given = [name for name, _ in declared if name is not None]
    for name in given:
        if given.count(name) > 1:
            raise ConfigError(f"found two systems with label={name}, expected names of their own; rename one")
    labels: list[str] = []
    for own, derived in declared:
        label, count = own or derived, 1
        while label in labels or (own is None and label in given):
            count += 1
            label = f"{derived}-{count}"
        labels.append(label)
    return labels
