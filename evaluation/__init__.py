"""Many questions put to mixtures, answers graded, systems compared; `graphs` and all below enter."""
