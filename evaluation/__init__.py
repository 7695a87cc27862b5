"""Many questions put to mixtures, answers graded, and systems compared; knows graphs, and no terminal."""
