"""Mutants of the trail."""
