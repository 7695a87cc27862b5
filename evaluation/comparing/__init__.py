"""Several systems on the same questions, paired."""
