"""Mutants of OAuth flows."""
