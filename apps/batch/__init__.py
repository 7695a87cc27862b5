"""The command `batch`: a file of questions, ours or a benchmark's; of apps `ask` and all below enter."""
