"""Mutants of the isolation of tenants."""
