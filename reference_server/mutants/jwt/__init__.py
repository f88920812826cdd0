"""Mutants of session tokens."""
