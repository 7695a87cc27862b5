"""Several systems on the same questions, paired; all of evaluation enters."""
