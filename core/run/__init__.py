"""What a run carries from node to node, and what it tells."""
