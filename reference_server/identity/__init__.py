"""Issuers that are trusted: their keys, their access tokens, and who logs in by way of them."""
