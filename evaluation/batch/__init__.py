"""Many questions put to one mixture, read, asked, counted, written; nothing else of evaluation enters."""
