"""The command `mcp`: a mixture as a tool for MCP clients; of apps `batch` and all below enter."""
