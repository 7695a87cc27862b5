"""The command `panel`: which models belong in a panel, by what was recorded; of apps `settings` and all below enter."""
