"""The callers of a load test, one kind a module."""
