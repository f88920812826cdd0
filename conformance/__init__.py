"""The judge: gives every requirement of the catalogue a verdict on a running MCP server."""

__version__ = "0.1.0"
