"""Who sits where: what a user declares becomes seats and stages; `models` and all below enter."""
