"""Forges signed tokens (RFC 7519) from a valid one, without its key and with it."""
