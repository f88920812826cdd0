"""Mutants of rotation."""
