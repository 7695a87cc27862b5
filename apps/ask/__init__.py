"""One conversation on the command line, its threads and reviews; of apps `settings` and all below enter."""
