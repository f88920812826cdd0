"""Tests of ``reference_server.vault``."""
