"""BOOT: start and stop."""
