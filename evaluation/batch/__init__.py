"""Many questions put to one mixture, a row each; nothing else of evaluation enters."""
