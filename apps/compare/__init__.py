"""The command `compare`: which systems, made equal by a pilot, and what came of them as a table and a plot."""
