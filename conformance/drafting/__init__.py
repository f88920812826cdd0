"""Drafts a profile from what a target shows of itself."""
