"""The command `compare`: systems made equal, and what came of them; of apps `batch` and all below enter."""
