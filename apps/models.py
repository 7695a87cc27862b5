"""The command `models`."""

import os
from functools import partial
from typing import get_args

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
    show_text(f"\nmodel ids checked {presets_checked()}, kept in {PRESETS_FILE}")
    show_text(f"offline models: {', '.join('offline:' + v for v in get_args(Variant))}")
    show_text(f"default here: {settings.choose()[1]}")
