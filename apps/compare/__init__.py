"""Systems compared on the command line; of apps `batch` and all below enter."""
