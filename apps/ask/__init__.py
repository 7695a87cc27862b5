"""One mixture at a terminal: `ask`, `resume`, `chat` and `graph`, threads, reviews, and what is shown of a run."""
