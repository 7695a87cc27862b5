"""Who says what is right: gold, a judge, or a function; all of evaluation but `comparing` enters."""
