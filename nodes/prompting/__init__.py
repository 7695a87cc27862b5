"""What one model is asked: the request, its prompt and the references that fit into it, and what that costs at most."""
