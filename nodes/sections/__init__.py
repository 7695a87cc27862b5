"""An answer that is written by sections while proposers still answer: an experiment; `graphs/sections.py` enters."""
