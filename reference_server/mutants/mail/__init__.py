"""Defects of mail that tools send."""
