"""Who says what is right: gold, a judge, or a function of one's own."""
