"""Mutants of the protocol."""
