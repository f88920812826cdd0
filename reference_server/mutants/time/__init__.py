"""Mutants of timing."""
