"""A mixture as a chat model, a tool, a node of something larger; graphs and all below enter."""
