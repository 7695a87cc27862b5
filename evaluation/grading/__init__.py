"""Who says what is right; all of evaluation but `comparing` enters."""
