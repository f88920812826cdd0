"""Mutants of operation."""
