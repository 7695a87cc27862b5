"""What a run looks like: `create_x(...)` returns a graph, others draw or bound it; `nodes` and all below enter."""
