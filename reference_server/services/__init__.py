"""What the server does, without a word of Flask or of MCP."""
