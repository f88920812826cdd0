"""The authorization of MCP: what a target tells of it, and the authorization servers it names."""
