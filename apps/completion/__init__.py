"""The command `completion`: what a shell needs to complete a line by itself; of apps `batch` and all below enter."""
