"""One mixture at a terminal: asking, threads, reviews, what is shown; of apps `settings` and all below enter."""
