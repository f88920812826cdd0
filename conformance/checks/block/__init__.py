"""BLOCK: addresses that keep failing."""
