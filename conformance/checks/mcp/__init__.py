"""MCP: the protocol."""
