"""What answers rest on: retrievers, passages, quotes and citations; all of core but `bounds` enters."""
