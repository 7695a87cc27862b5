"""What a run looks like; each file is one `create_x(...)` that returns a compiled graph."""
