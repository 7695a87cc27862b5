"""One conversation on the command line: asking, threads, reviews, what the terminal shows."""
