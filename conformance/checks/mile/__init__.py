"""Checks of what is delivered to tools, and of what comes back."""
