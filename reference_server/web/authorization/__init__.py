"""The authorization server for MCP clients, on Authlib: its requests, grants and pages."""
