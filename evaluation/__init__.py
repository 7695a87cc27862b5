"""Many questions put to a mixture, and several systems compared on them; `graphs` and all below enter."""
