"""Many questions put to a mixture, and several systems compared on them."""
