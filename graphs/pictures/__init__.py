"""Graphs as pictures, drawn here: what stands in which row, which way its lines go, and both as SVG."""
