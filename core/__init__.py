"""The words that all other rooms share: what is said, asked and carried; nothing of those rooms enters."""
