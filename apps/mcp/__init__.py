"""The command `mcp`: a mixture as a tool for clients of the Model Context Protocol."""
