"""What one step of a run does: one factory a file, over `node.py` (their shape) and `call.py` (a model call)."""
