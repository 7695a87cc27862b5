"""What one step of a run does; each file is one factory."""
