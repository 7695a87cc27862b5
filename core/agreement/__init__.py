"""Who says the same: texts come in, groups come out, seats are not known; `run` and all below enter."""
