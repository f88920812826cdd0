"""Mutants of the ways by which a credential comes."""
