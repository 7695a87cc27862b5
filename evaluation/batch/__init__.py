"""Many questions put to one mixture."""
