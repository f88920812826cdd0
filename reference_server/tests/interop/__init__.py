"""The official clients against the real server."""
