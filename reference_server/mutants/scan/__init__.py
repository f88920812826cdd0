"""Mutants of scanner triage."""
