"""A mixture of three layers, on the command line."""

MODELS = ["--proposer", "a", "--proposer", "b", "--proposer", "c", "--aggregator", "last", "--layers", "3"]
