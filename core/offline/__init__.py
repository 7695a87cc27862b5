"""Models that need no key and no network, and the pages that they search; `run` and all below enter."""
