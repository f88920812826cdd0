"""RATE: limits."""
