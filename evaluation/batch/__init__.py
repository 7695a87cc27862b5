"""Many questions put to one mixture: how they are read, asked, counted and written down; nothing is graded."""
