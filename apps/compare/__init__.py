"""Systems compared on the command line."""
