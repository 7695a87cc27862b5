"""How one model is asked and its reply read, by nobody else; `prompts` and `core` enter, and no box."""
