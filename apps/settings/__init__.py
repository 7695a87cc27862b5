"""What files, flags and Studio's form say of a mixture, for every command; no command enters."""
