"""MCP: the official SDK behind the security chain."""
