"""The command `models`."""

import os
import sys
from functools import partial
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.models.presets import PRESETS_FILE, presets, presets_checked
from ..core.offline.library import Variant
from .settings.flags import with_mixture
from .settings.settings import Settings


@partial(with_mixture, only={"config", "no_settings", "verbose"})
def models(settings: Settings) -> None:
    """Show which models are configured here, and which are chosen by default."""
    table = Table("preset", "key", "proposers", "aggregator", box=None, padding=(0, 2, 0, 0))
    for name, preset in presets().items():
        needs = preset.get("needs")
        key = "none needed" if needs is None else f"{needs} is {'set' if os.environ.get(needs) else 'not set'}"
        table.add_row(name, key, "\n".join(preset["proposers"]), preset["aggregator"])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(Text(f"\nmodel ids checked {presets_checked()}, kept in {PRESETS_FILE}"), soft_wrap=True)
    console.print(Text(f"offline models: {', '.join('offline:' + v for v in get_args(Variant))}"), soft_wrap=True)
    console.print(Text(f"default here: {settings.choose()[1]}"), soft_wrap=True)
