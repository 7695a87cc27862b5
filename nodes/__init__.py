"""What one step of a run does: a box of the drawing a file, and what boxes share; `prompts` and `core` enter."""
