"""Several systems on the same questions: asked, measured, concluded; all of evaluation enters."""
