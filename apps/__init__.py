"""The edges: what is started from a terminal, one folder or file a command; the package itself never imports them."""
