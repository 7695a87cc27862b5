"""The command `models`."""

import os
from functools import partial
from typing import get_args

from ..core.models.effort import levels_of
from ..core.models.openai_facts import profile_of, takes_temperature
from ..core.models.presets import PRESETS_FILE, presets, presets_checked
from ..core.offline.library import Variant
from .screens import show_table, show_text
from .settings.flags import with_mixture
from .settings.settings import Settings


@partial(with_mixture, only={"config", "no_settings", "verbose"})
def models(settings: Settings) -> None:
    """Show which models are configured here, and which are chosen by default."""
    rows = []
    for name, preset in presets().items():
        needs = preset.get("needs")
        key = "none needed" if needs is None else f"{needs} is {'set' if os.environ.get(needs) else 'not set'}"
        rows.append((name, key, preset["proposers"], preset["aggregator"]))
    show_table(("preset", "key", "proposers", "aggregator"), rows, numbers=False)
    show_text("")
    show_table(("thinks", "reasoning_effort", "temperature"), _thinking(), numbers=False)
    show_text("\nOthers are asked as they are told to, and again without what their server refuses.")
    show_text(f"\nmodel ids checked {presets_checked()}, kept in {PRESETS_FILE}")
    show_text(f"offline models: {', '.join('offline:' + v for v in get_args(Variant))}")
    show_text(f"default here: {settings.choose()[1]}")


def _thinking() -> list[tuple[str, str, str]]:
    """Say of each preset's models that are known to think how much they can be told to, and at which temperature."""
    seats = [[*preset["proposers"], preset["aggregator"]] for preset in presets().values()]
    specs = dict.fromkeys(spec for models in seats for spec in models)
    return [row for spec in specs if (row := _taken(spec))]


def _taken(spec: str) -> tuple[str, str, str] | None:
    provider, _, name = spec.partition(":")
    profile = profile_of(name) or {}
    levels, usual = levels_of(profile), profile.get("reasoning_effort_default")
    if not levels:
        return None
    listed = ", ".join(levels)
    takes = takes_temperature(name, at_openai=provider == "openai")
    return spec, f"{listed} (usually {usual})" if usual else listed, "as told" if takes else "its own"
