"""Requests that the server sends on behalf of its callers."""
