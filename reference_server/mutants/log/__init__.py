"""Mutants of log lines."""
