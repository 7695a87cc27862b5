"""A file of questions on the command line; of apps `ask` and all below enter."""
