"""A mixture as a tool for MCP clients."""
