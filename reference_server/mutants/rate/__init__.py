"""Mutants of rate limits."""
