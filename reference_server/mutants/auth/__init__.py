"""Mutants of authentication."""
