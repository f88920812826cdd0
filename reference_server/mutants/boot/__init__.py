"""Mutants of starting."""
