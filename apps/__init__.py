"""The edges: what is started from a terminal; all of the package enters, and never imports them in turn."""
