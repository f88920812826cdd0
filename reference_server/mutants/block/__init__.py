"""Mutants of the block of an address."""
