"""A small authorization server for MCP clients, and its mistakes, one at a time."""
