"""The edges: what is started from a terminal. The package itself never imports them."""
