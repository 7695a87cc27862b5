"""What answers rest on: passages and citations."""
