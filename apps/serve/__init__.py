"""The command `serve`: mixtures behind one URL that OpenAI's clients know; of apps `settings` and all below enter."""
