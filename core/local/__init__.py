"""Models in files of this machine, and the process that serves them."""
