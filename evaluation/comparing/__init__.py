"""Several systems on the same questions: what is asked, measured, concluded and published."""
