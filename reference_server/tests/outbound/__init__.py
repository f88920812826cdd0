"""Tests of what the server fetches for its callers."""
