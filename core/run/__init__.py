"""What a run carries from node to node, and tells; only `checks`, `portal`, `errors` and `text` enter."""
