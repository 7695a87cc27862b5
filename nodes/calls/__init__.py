"""How one model is asked, and what came back is read; the only place that asks."""
