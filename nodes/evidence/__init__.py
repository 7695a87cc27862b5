"""Boxes of the drawing about evidence: who looks for it, in which words, and who checks what the answer cites."""
