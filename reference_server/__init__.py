"""The standard: a multi-tenant MCP server that holds every requirement of the catalogue."""
