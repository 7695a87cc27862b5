"""A file of questions on the command line."""
