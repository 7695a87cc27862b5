"""What files, flags and Studio's form say of a mixture; every command reads it here, and nothing is shown."""
